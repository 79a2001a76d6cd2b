/**
 * What stands on a paper, before anybody decides how it looks: the renderers for HTML and PDF know these pieces and nothing
 * of invoices.
 */
import type { QrCode } from '../qr/verification-link.ts'
import type { Language } from './labels/label.ts'

/** A value under its label. */
export type Field = { readonly label: string; readonly value: string; readonly strong?: boolean }

export type Column = {
  readonly title: string
  readonly align: 'left' | 'right'
  /** Takes what room there is; several take it alike. */
  readonly grows?: boolean
}

export type Cell = {
  readonly text: string
  /** Smaller, beneath the text. */
  readonly notes?: readonly string[]
  readonly strong?: boolean
}

/** A row; one with a single cell spans all columns and heads those that follow. */
export type Row = { readonly cells: readonly Cell[] }

export type Section = { readonly title: string; readonly blocks: readonly Block[] }

export type Block =
  | { readonly kind: 'fields'; readonly fields: readonly Field[] }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly rows: readonly Row[] }
  | { readonly kind: 'section'; readonly section: Section }
  /** Sections beside each other, two by two. */
  | { readonly kind: 'beside'; readonly sections: readonly Section[] }
  /** What must not be overlooked, such as the amount due. */
  | { readonly kind: 'total'; readonly field: Field }
  | { readonly kind: 'codes'; readonly codes: readonly QrCode[] }

export type Paper = {
  readonly language: Language
  /** Above the title, e.g. the system it comes from. */
  readonly overline: string
  readonly title: string
  /** Beneath the title, e.g. the number. */
  readonly subtitle: string
  /** Beneath that: the KSeF number. */
  readonly identity: Field | null
  /** What a reader must know first: that KSeF has not registered the invoice, or refused it. */
  readonly notice: string | null
  readonly blocks: readonly Block[]
  /** On the foot of each page. */
  readonly foot: string
  /** ISO 8601, as the document says; the same document gives the same bytes. */
  readonly madeAt: string
}
