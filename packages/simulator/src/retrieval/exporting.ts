import { later } from '../clock.ts'
import { type DateType, dateOf } from '../invoice-metadata.ts'
import type { ExportOutcome, ExportPackage, InvoiceExport } from '../stores/invoice-exports.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { packInvoices, takeFitting } from './packaging.ts'
import type { Selection } from './selection.ts'
import type { PackageFault } from './spoiled-package.ts'

const DESCRIPTIONS = {
  200: 'Eksport faktur zakończony sukcesem',
  415: 'Błąd odszyfrowania dostarczonego klucza',
  420: 'Zakres filtrowania wykracza poza dostępny zakres danych',
  500: 'Nieznany błąd (500)',
  550: 'Operacja została anulowana przez system',
} as const

export const exportOutcome = (
  code: keyof typeof DESCRIPTIONS,
  completedAt: Date,
  ...details: string[]
): ExportOutcome => ({
  code,
  description: DESCRIPTIONS[code],
  ...(details.length === 0 ? {} : { details }),
  completedAt,
})

/** The date to go on from, under the name of the asked kind. */
function lastOf(invoice: AcceptedInvoice, dateType: DateType): NonNullable<ExportPackage['last']> {
  if (dateType === 'Issue') return { member: 'lastIssueDate', date: invoice.facts.issueDate }
  return { member: `last${dateType}Date`, date: dateOf(invoice, dateType).toISOString() }
}

export type ExportWork = {
  one: InvoiceExport
  selection: Selection
  dateType: DateType
  /** Fewer invoices than official, when a misbehaviour wants it. */
  invoicesMax: number
  expiresAtOnce: boolean
  /** What a misbehaviour leaves wrong in the package. */
  fault?: PackageFault | undefined
}

async function pack(
  world: World,
  { one, selection, dateType, invoicesMax, fault }: ExportWork,
): Promise<ExportPackage> {
  const key = one.symmetricKey
  if (key === undefined) throw new Error('an export without a key has no package')
  const { exportBytes, exportPartBytes } = world.settings.retrieval
  const taken = await takeFitting(selection.invoices, { exportInvoices: invoicesMax, exportBytes })
  const sealing = { one, key, spool: world.spool, fault }
  const parts = taken.length === 0 ? [] : await packInvoices(taken, sealing, exportPartBytes)
  const isTruncated = taken.length < selection.invoices.length
  const last = taken.at(-1)
  return {
    invoiceCount: taken.length,
    size: parts.reduce((total, { partSize }) => total + partSize, 0),
    parts,
    isTruncated,
    ...(isTruncated && last !== undefined ? { last: lastOf(last, dateType) } : {}),
    ...(selection.hwm === undefined ? {} : { hwm: selection.hwm }),
  }
}

/** Makes the package of an export, or its failure (500). Only the end of the simulator leaves it without an outcome. */
export async function runExport(world: World, work: ExportWork, signal: AbortSignal): Promise<void> {
  const { one, expiresAtOnce } = work
  const completedAt = () => new Date(Math.max(world.clock.now().getTime(), one.settlesAt.getTime()))
  try {
    const made = await pack(world, work)
    const at = completedAt()
    const lifeSeconds = expiresAtOnce ? 0 : world.settings.retrieval.packageSeconds
    one.outcome = { ...exportOutcome(200, at), package: made, expiresAt: later(at, lifeSeconds * 1000) }
  } catch (error) {
    if (signal.aborted) return
    one.outcome = exportOutcome(500, completedAt(), error instanceof Error ? error.message : String(error))
  }
}
