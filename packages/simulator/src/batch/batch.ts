import type { CompressionType } from '../archive/compression.ts'

/**
 * What belongs to a batch session alone: the declared package, its uploaded parts and how its processing ended.
 * Its life: open for uploads until closed or `uploadUntil` → being processed → an outcome, once and for all
 * (sesja-wsadowa.md).
 */
export type DeclaredPart = { ordinalNumber: number; fileSize: number; fileHash: string }

export type UploadedPart = { size: number; hash: string; spoolName: string }

export type BatchOutcome = {
  code: 200 | 405 | 415 | 420 | 430 | 435 | 440 | 445 | 500
  description: string
  details?: string[]
  at: Date
}

export type Batch = {
  fileSize: number
  fileHash: string
  compressionType: CompressionType
  offlineMode: boolean
  parts: DeclaredPart[]
  uploads: Map<number, UploadedPart>
  outcome?: BatchOutcome
}

export const PARTS_MAX = 50
/** A part of 100 MiB including its padding (limity.md names 100 MB before encryption; the storage takes this much). */
export const PART_BYTES_MAX = 100 * 1024 * 1024
export const PACKAGE_BYTES_MAX = 5_000_000_000
/** Every declared part adds this to the time for uploading and closing (sesja-wsadowa.md). */
export const MINUTES_PER_PART = 20
/** What a package may unfold into; KSeF names no number, this one protects the machine. */
export const UNFOLDED_BYTES_MAX = 10_000_000_000

const DESCRIPTIONS = {
  200: 'Sesja wsadowa przetworzona pomyślnie',
  405: 'Błąd weryfikacji poprawności dostarczonych elementów paczki',
  415: 'Błąd odszyfrowania dostarczonego klucza',
  420: 'Przekroczony limit faktur w sesji',
  430: 'Błąd dekompresji pierwotnego archiwum',
  435: 'Błąd odszyfrowania zaszyfrowanych części archiwum',
  440: 'Sesja anulowana',
  445: 'Błąd weryfikacji, brak poprawnych faktur',
  500: 'Nieznany błąd (500)',
} as const

/** The status that processing ended with, in the words of the OpenAPI. */
export const batchOutcome = (code: BatchOutcome['code'], at: Date, ...details: string[]): BatchOutcome => ({
  code,
  description: DESCRIPTIONS[code],
  ...(details.length === 0 ? {} : { details }),
  at,
})

export const spoolNameOf = (sessionReferenceNumber: string, ordinalNumber: number): string =>
  `${sessionReferenceNumber}-part-${ordinalNumber}`
