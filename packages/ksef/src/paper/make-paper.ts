import { FORMS } from '../documents/form-code.ts'
import type { QrCode } from '../qr/verification-link.ts'
import { childrenOf, type Element, readElement, textAt } from './element.ts'
import { FA_WORDING, type FormWording, RR_WORDING, UPO_WORDING } from './form-wording.ts'
import { FA_FORM, type InvoiceForm, invoicePaper, RR_FORM } from './invoice-paper.ts'
import type { Language } from './labels/label.ts'
import type { Phrase } from './labels/phrases.ts'
import type { Block, Paper } from './paper.ts'
import { PaperError } from './paper-error.ts'
import { upoPaper } from './upo-paper.ts'
import { type Wording, wordingOf } from './wording.ts'

/** What is known of a document beside its XML. */
export type PaperRequest = {
  readonly xml: Uint8Array
  readonly language: Language
  /** The invoice's KSeF number, once there is one. */
  readonly ksefNumber?: string
  /** Said before everything else: that KSeF rejected the invoice, or has given it no number yet. */
  readonly notice?: Extract<Phrase, 'notRegistered' | 'rejected'>
  /** Codes to print, each with its label. */
  readonly codes?: readonly QrCode[]
}

const FA_NAMESPACES: readonly string[] = [FORMS['FA (2)'].namespace, FORMS['FA (3)'].namespace]
const UPO_NAMESPACE = /^http:\/\/upo\.schematy\.mf\.gov\.pl\/KSeF\//

function invoiceFormOf({ name, namespace }: Element): { form: InvoiceForm; wording: FormWording } | null {
  if (name !== 'Faktura') return null
  if (FA_NAMESPACES.includes(namespace)) return { form: FA_FORM, wording: FA_WORDING }
  if (namespace === FORMS['FA_RR (1)'].namespace) return { form: RR_FORM, wording: RR_WORDING }
  return null
}

function codesBlock(w: Wording, codes: readonly QrCode[]): Block[] {
  if (codes.length === 0) return []
  return [{ kind: 'section', section: { title: w.say('verification'), blocks: [{ kind: 'codes', codes }] } }]
}

function paperOfUpo(root: Element, request: PaperRequest): Paper {
  const w = wordingOf(UPO_WORDING, request.language)
  const documents = childrenOf(root, 'Dokument')
  const of =
    documents.length === 1
      ? textAt(root, 'Dokument', 'NumerKSeFDokumentu')
      : textAt(root, 'NumerReferencyjnySesji')
  return {
    language: request.language,
    overline: w.say('system'),
    title: w.say('receipt'),
    subtitle: w.say('receiptOf'),
    identity: null,
    notice: null,
    blocks: [...upoPaper(w, root), ...codesBlock(w, request.codes ?? [])],
    foot: `UPO ${of}`,
    madeAt: textAt(root, 'Dokument', 'DataNadaniaNumeruKSeF'),
  }
}

/**
 * Makes a readable paper of an invoice (FA(2), FA(3), FA_RR(1)) or a UPO, from its XML alone and with all that is in it. The
 * XML is not validated: see `inspectInvoice`.
 * @throws PaperError
 */
export function makePaper(request: PaperRequest): Paper {
  const root = readElement(request.xml)
  if (root.name === 'Potwierdzenie' && UPO_NAMESPACE.test(root.namespace)) return paperOfUpo(root, request)
  const known = invoiceFormOf(root)
  if (known === null) throw new PaperError('PAPER_UNKNOWN_FORM')
  const w = wordingOf(known.wording, request.language)
  const { ksefNumber, notice, codes = [] } = request
  const { title, number, blocks } = invoicePaper(w, root, known.form)
  return {
    language: request.language,
    overline: w.say('system'),
    title,
    subtitle: number,
    identity: ksefNumber === undefined ? null : { label: w.say('ksefNumber'), value: ksefNumber },
    notice: notice === undefined ? null : w.say(notice),
    blocks: [...blocks, ...codesBlock(w, codes)],
    foot: [`${title} ${number}`, ksefNumber ?? ''].filter((part) => part !== '').join('   ·   '),
    madeAt: textAt(root, 'Naglowek', 'DataWytworzeniaFa'),
  }
}
