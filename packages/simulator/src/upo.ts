import { warsawDateTime } from './clock.ts'
import { crc8 } from './crc8.ts'
import type { ContextType } from './identity.ts'
import type { AcceptedInvoice, SendingSession } from './stores/sessions.ts'

/**
 * UPO 4-3, the official receipt (upo-v4-3.xsd): one invoice, or one page of a session with up to 10,000.
 * The simulator does not sign it, as the schema has no place for a signature. Pure.
 */
const CONTEXT_ELEMENTS: Record<ContextType, string> = {
  Nip: 'Nip',
  InternalId: 'IdWewnetrzny',
  NipVatUe: 'IdZlozonyVatUE',
  PeppolId: 'IdDostawcyUslugPeppol',
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const element = (name: string, content: string): string => `<${name}>${escapeXml(content)}</${name}>`

function authenticationPart({ context, authentication }: SendingSession): string {
  const proof =
    authentication.tokenReferenceNumber === undefined
      ? element('SkrotDokumentuUwierzytelniajacego', authentication.documentHash ?? '')
      : element('NumerReferencyjnyTokenaKSeF', authentication.tokenReferenceNumber)
  const identifier = element(CONTEXT_ELEMENTS[context.type], context.value)
  return `<Uwierzytelnienie><IdKontekstu>${identifier}</IdKontekstu>${proof}</Uwierzytelnienie>`
}

function documentPart(invoice: AcceptedInvoice): string {
  const parts = [
    element('NipSprzedawcy', invoice.facts.seller.nip),
    element('NumerKSeFDokumentu', invoice.ksefNumber),
    element('NumerFaktury', invoice.facts.invoiceNumber),
    element('DataWystawieniaFaktury', invoice.facts.issueDate),
    element('DataPrzeslaniaDokumentu', warsawDateTime(invoice.receivedAt)),
    element('DataNadaniaNumeruKSeF', warsawDateTime(invoice.acquisitionDate)),
    element('SkrotDokumentu', invoice.invoiceHash),
    element('TrybWysylki', invoice.invoicingMode),
  ]
  return `<Dokument>${parts.join('')}</Dokument>`
}

function confirmation(
  session: SendingSession,
  description: string,
  invoices: readonly AcceptedInvoice[],
): Buffer {
  const { systemCode, schemaVersion } = session.form.formCode
  const schemaName = `Schemat_${systemCode.replace(' ', '')}_v${schemaVersion}.xsd`
  return Buffer.from(
    [
      '<?xml version="1.0" encoding="utf-8"?>',
      '<Potwierdzenie xmlns="http://upo.schematy.mf.gov.pl/KSeF/v4-3">',
      element('NazwaPodmiotuPrzyjmujacego', 'Ministerstwo Finansów'),
      element('NumerReferencyjnySesji', session.referenceNumber),
      authenticationPart(session),
      description,
      element('NazwaStrukturyLogicznej', schemaName),
      element('KodFormularza', systemCode),
      ...invoices.map(documentPart),
      '</Potwierdzenie>',
    ].join(''),
  )
}

export const invoiceUpo = (session: SendingSession, invoice: AcceptedInvoice): Buffer =>
  confirmation(session, '', [invoice])

/** Invoices on one page of a session's receipt (sesja-sprawdzenie-stanu-i-pobranie-upo.md). */
export const UPO_PAGE_INVOICES = 10_000

const acceptedIn = (session: SendingSession): AcceptedInvoice[] =>
  session.invoices.flatMap((invoice) => (invoice.accepted === undefined ? [] : [invoice.accepted]))

export const upoPageCount = (acceptedInvoices: number): number =>
  Math.max(1, Math.ceil(acceptedInvoices / UPO_PAGE_INVOICES))

/** Page 1 has the session's UPO number; the others follow from it, so that none need be kept. */
export function upoPageReference(
  { upoReferenceNumber }: Pick<SendingSession, 'upoReferenceNumber'>,
  page: number,
): string {
  if (page === 1) return upoReferenceNumber
  const [day, kind, first, second = ''] = upoReferenceNumber.split('-')
  const next = (Number.parseInt(second, 16) + page - 1) % 16 ** 10
  const body = `${day}-${kind}-${first}-${next.toString(16).toUpperCase().padStart(10, '0')}`
  return `${body}-${crc8(body)}`
}

/**
 * A page of the session's receipt, counted from 1. `ZakresDokumentowDo` is written as the last document's number: the schema's annotation calls
 * the bound exclusive, but the official sample of a session with two documents says 1 to 2.
 */
export function sessionUpo(session: SendingSession, page = 1): Buffer {
  const all = acceptedIn(session)
  const before = (page - 1) * UPO_PAGE_INVOICES
  const invoices = all.slice(before, before + UPO_PAGE_INVOICES)
  const description = [
    element('Strona', String(page)),
    element('LiczbaStron', String(upoPageCount(all.length))),
    element('ZakresDokumentowOd', String(before + 1)),
    element('ZakresDokumentowDo', String(before + invoices.length)),
    element('CalkowitaLiczbaDokumentow', String(all.length)),
  ]
  return confirmation(session, `<OpisPotwierdzenia>${description.join('')}</OpisPotwierdzenia>`, invoices)
}
