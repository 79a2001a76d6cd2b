import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import { FORMS, type FormCode, formOfNamespace } from './form-code.ts'
import { checkInvoiceBytes } from './invoice-bytes.ts'
import { fault, type InvoiceFault } from './invoice-fault.ts'

/** What identifies an invoice. (sellerNip, kind, number) is KSeF's uniqueness key for ten years. */
export type InvoiceFacts = {
  readonly formCode: FormCode
  readonly namespace: string
  readonly sellerNip: string
  /** Null for a buyer without a Polish NIP. */
  readonly buyerNip: string | null
  /** The buyer issues it: self-invoicing (`P_17` is 1), or an invoice RR. */
  readonly issuedByBuyer: boolean
  /** `RodzajFaktury`, e.g. `VAT`, `KOR`. */
  readonly kind: string
  /** `P_2`; in FA_RR `P_4C`. */
  readonly number: string
  /** `P_1`; in FA_RR `P_4B`. `YYYY-MM-DD`. */
  readonly issueDate: string
  readonly hasAttachment: boolean
}

/** A NIP somewhere in the document, for the checksum that production applies. */
export type NipAt = { readonly xpath: string; readonly nip: string }

export type ReadInvoice =
  | { readonly ok: true; readonly facts: InvoiceFacts; readonly nips: readonly NipAt[] }
  | { readonly ok: false; readonly faults: readonly InvoiceFault[] }

/** Lines and attachments hold nothing that identifies; they are the bulk of a large invoice. */
const SKIPPED = ['*.FaWiersz', '*.FakturaRRWiersz', '*.Zalacznik', '*.ZamowienieWiersz', '*.DodatkowyOpis']

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  // Numeric references are only decoded with this option. There is no DTD, so no entity of anyone's own.
  htmlEntities: true,
  stopNodes: SKIPPED,
})

type Tree = { readonly [name: string]: unknown }
const Tree = z.record(z.string(), z.unknown())

const asTree = (value: unknown): Tree => Tree.safeParse(value).data ?? {}
const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

/** All children with this local name, whatever prefix they carry. */
function children(tree: Tree, name: string): unknown[] {
  return Object.entries(tree)
    .filter(([key]) => !key.startsWith('@') && localName(key) === name)
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
}

const child = (tree: Tree, ...path: string[]): unknown =>
  path.reduce<unknown>((at, name) => {
    const found = children(asTree(at), name)
    return found.length === 1 ? found[0] : undefined
  }, tree)

/** `xsd:token` collapses white space; an element with attributes is an object with `#text`. */
function text(value: unknown): string {
  const raw = typeof value === 'string' ? value : asTree(value)['#text']
  return typeof raw === 'string' ? raw.replace(/[ \t\r\n]+/g, ' ').trim() : ''
}

/** The document's root with its namespace; null when there is not exactly one. */
function rootOf(
  document: Tree,
): { readonly name: string; readonly tree: Tree; readonly namespace: string } | null {
  const roots = Object.keys(document).filter((key) => !key.startsWith('?') && key !== '#text')
  const [key] = roots
  if (key === undefined || roots.length > 1 || Array.isArray(document[key])) return null
  const tree = asTree(document[key])
  const prefix = key.includes(':') ? `:${key.slice(0, key.indexOf(':'))}` : ''
  return { name: localName(key), tree, namespace: text(tree[`@xmlns${prefix}`]) }
}

const BODIES = {
  FA: { body: 'Fa', number: 'P_2', issueDate: 'P_1' },
  FA_RR: { body: 'FakturaRR', number: 'P_4C', issueDate: 'P_4B' },
} as const

function factsOf(root: Tree, formCode: FormCode): InvoiceFacts {
  const { body, number, issueDate } = BODIES[formCode.value]
  const buyerNip = text(child(root, 'Podmiot2', 'DaneIdentyfikacyjne', 'NIP'))
  return {
    formCode,
    namespace: FORMS[formCode.systemCode].namespace,
    sellerNip: text(child(root, 'Podmiot1', 'DaneIdentyfikacyjne', 'NIP')),
    buyerNip: buyerNip === '' ? null : buyerNip,
    issuedByBuyer: formCode.value === 'FA_RR' || text(child(root, body, 'Adnotacje', 'P_17')) === '1',
    kind: text(child(root, body, 'RodzajFaktury')),
    number: text(child(root, body, number)),
    issueDate: text(child(root, body, issueDate)),
    hasAttachment: children(root, 'Zalacznik').length > 0,
  }
}

const PARTIES = ['Podmiot1', 'Podmiot2', 'Podmiot3', 'PodmiotUpowazniony']

function nipsOf(root: Tree, rootName: string): NipAt[] {
  return PARTIES.flatMap((party) =>
    children(root, party).flatMap((entry, index) => {
      const identity = child(asTree(entry), 'DaneIdentyfikacyjne')
      const xpath = `/${rootName}/${party}[${index + 1}]/DaneIdentyfikacyjne`
      const nip = text(child(asTree(identity), 'NIP'))
      // An internal identifier is a NIP, a dash and five digits.
      const internal = text(child(asTree(identity), 'IDWew')).slice(0, 10)
      return [
        ...(nip === '' ? [] : [{ xpath: `${xpath}/NIP`, nip }]),
        ...(internal === '' ? [] : [{ xpath: `${xpath}/IDWew`, nip: internal }]),
      ]
    }),
  )
}

function parse(bytes: Uint8Array): Tree | InvoiceFault {
  try {
    return asTree(parser.parse(Buffer.from(bytes).toString('utf8')))
  } catch (error) {
    return fault('INVOICE_NOT_XML', error instanceof Error ? error.message.slice(0, 200) : undefined)
  }
}

const isFault = (value: Tree | InvoiceFault): value is InvoiceFault => 'code' in value && 'help' in value

function formOf(root: Tree, namespace: string): FormCode | null {
  const formCode = formOfNamespace(namespace)
  const declared = asTree(child(root, 'Naglowek', 'KodFormularza'))['@kodSystemowy']
  return formCode !== null && text(declared) === formCode.systemCode ? formCode : null
}

/**
 * Reads the fields that identify an invoice. Hostile bytes are refused first, so it may be called on a
 * document of unknown origin; it does not validate, see {@link inspectInvoice}.
 */
export function readInvoice(bytes: Uint8Array): ReadInvoice {
  const faults = checkInvoiceBytes(bytes)
  return faults.length > 0 ? { ok: false, faults } : readCheckedInvoice(bytes)
}

/** As {@link readInvoice}, for bytes that passed `checkInvoiceBytes`. */
export function readCheckedInvoice(bytes: Uint8Array): ReadInvoice {
  const document = parse(bytes)
  if (isFault(document)) return { ok: false, faults: [document] }
  const root = rootOf(document)
  if (root === null)
    return { ok: false, faults: [fault('INVOICE_NOT_XML', 'The file has no single root element.')] }
  const formCode = root.name === 'Faktura' ? formOf(root.tree, root.namespace) : null
  if (formCode === null) return { ok: false, faults: [fault('INVOICE_UNKNOWN_FORM')] }
  const facts = factsOf(root.tree, formCode)
  const { sellerNip, kind, number, issueDate } = facts
  const missing = Object.entries({ sellerNip, kind, number, issueDate }).filter(([, value]) => value === '')
  if (missing.length === 0) return { ok: true, facts, nips: nipsOf(root.tree, root.name) }
  const faults = missing.map(([name]) =>
    fault('INVOICE_FIELD_UNREADABLE', `${name} is missing, empty or doubled.`),
  )
  return { ok: false, faults }
}
