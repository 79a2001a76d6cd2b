import type { SubjectType } from '@ksef-fleet/ksef'
import type { DocumentId } from '../identifiers.ts'
import type { DocumentDirection, DocumentFlag } from './document-header.ts'

/** Which documents; what is left out does not matter. Erased ones are found only when they are asked for. */
export type DocumentFilter = {
  direction?: DocumentDirection
  role?: SubjectType
  kind?: string
  flag?: DocumentFlag
  currency?: string
  /** P_1 on that day or after; on that day or before. */
  issuedFrom?: string
  issuedTo?: string
  /** Here since that moment or after; before that moment. */
  receivedFrom?: Date
  receivedBefore?: Date
  /** Exactly this number of its issuer, this KSeF number. */
  number?: string
  ksefNumber?: string
  /** Whether KSeF has given it a number. */
  registered?: boolean
  /** Gross, exact decimals: so much or more; so much or less. */
  grossMin?: string
  grossMax?: string
  /** A party: seller, buyer or third, by its whole identifier or by words that its name begins with. */
  party?: PartyWish
  /** Words that words of its names and numbers begin with: all of them. */
  words?: readonly string[]
  erased?: boolean
}

/** @property words none: only the identifier counts */
export type PartyWish = { identifier: string; words: readonly string[] }

/** Newest first: strictly older than `before`, or from `upTo` itself on. */
export type DocumentPage = { limit: number; before?: DocumentPosition; upTo?: DocumentPosition }

export type DocumentPosition = { createdAt: Date; documentId: DocumentId }

/** `before` for the page after one that ended with this document. */
export const positionOf = ({ createdAt, documentId }: DocumentPosition): DocumentPosition => ({
  createdAt,
  documentId,
})
