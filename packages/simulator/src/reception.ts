import { later, warsawDate } from './clock.ts'
import { decryptInvoice, sha256Base64 } from './invoice/decryption.ts'
import type { InvoiceFacts } from './invoice/facts.ts'
import { judge } from './invoice/verdict.ts'
import { newReferenceNumber } from './reference-number.ts'
import type { AcceptedInvoice, InvoiceStatus, SendingSession, SentInvoice } from './stores/sessions.ts'
import type { World } from './world.ts'

/**
 * Receiving one invoice in an open session. The verdict is made at once, in the order of arrival, and becomes
 * visible when its processing time is over: so two racing duplicates always have one winner, whatever the delay.
 */
export type Posted = {
  ciphertext: Buffer
  invoiceHash: string
  invoiceSize: number
  offlineMode: boolean
  hashOfCorrectedInvoice?: string
}

type Outcome = { verdict: InvoiceStatus; facts?: InvoiceFacts; accepted?: AcceptedInvoice }

const SUCCESS: InvoiceStatus = { code: 200, description: 'Sukces' }
const brokenFile = (detail: string): InvoiceStatus => ({
  code: 430,
  description: 'Błąd weryfikacji pliku faktury',
  details: [detail],
})

function readFile(session: SendingSession, posted: Posted): { xml: Buffer } | { verdict: InvoiceStatus } {
  if (session.symmetricKey === undefined) {
    return { verdict: { code: 405, description: 'Przetwarzanie anulowane z powodu błędu sesji' } }
  }
  const xml = decryptInvoice(posted.ciphertext, session.symmetricKey)
  if (xml === undefined) return { verdict: { code: 435, description: 'Błąd odszyfrowania pliku' } }
  if (xml.length !== posted.invoiceSize)
    return { verdict: brokenFile('Rozmiar faktury nie zgadza się z zadeklarowanym.') }
  if (sha256Base64(xml) !== posted.invoiceHash)
    return { verdict: brokenFile('Skrót faktury nie zgadza się z zadeklarowanym.') }
  return { xml }
}

function duplicateOf(original: AcceptedInvoice): InvoiceStatus {
  return {
    code: 440,
    description: 'Duplikat faktury',
    details: [`Faktura została już przyjęta pod numerem KSeF ${original.ksefNumber}.`],
    extensions: {
      originalSessionReferenceNumber: original.sessionReferenceNumber,
      originalKsefNumber: original.ksefNumber,
    },
  }
}

/** The moments of an invoice's life, fixed at its arrival. */
type Moments = { receivedAt: Date; settlesAt: Date }

function accept(
  world: World,
  session: SendingSession,
  input: { xml: Buffer; facts: InvoiceFacts; posted: Posted; moments: Moments },
): AcceptedInvoice {
  const { xml, facts, posted, moments } = input
  // An invoice dated before the day of its receipt counts as offline (automatyczne-okreslanie-trybu-offline.md).
  const offline = posted.offlineMode || facts.issueDate < warsawDate(moments.receivedAt)
  const accepted: AcceptedInvoice = {
    ksefNumber: world.nextKsefNumber(facts.seller.nip, moments.receivedAt),
    facts,
    xml,
    invoiceHash: posted.invoiceHash,
    invoicingMode: offline ? 'Offline' : 'Online',
    form: session.form,
    receivedAt: moments.receivedAt,
    acquisitionDate: moments.settlesAt,
    // Always later than acquisitionDate (schema SessionInvoiceStatusResponse).
    permanentStorageDate: later(moments.settlesAt, Math.max(1, world.settings.processingDelayMs)),
    sessionReferenceNumber: session.referenceNumber,
    ...(posted.hashOfCorrectedInvoice === undefined
      ? {}
      : { hashOfCorrectedInvoice: posted.hashOfCorrectedInvoice }),
  }
  world.register.add(accepted)
  return accepted
}

function decide(world: World, session: SendingSession, input: { posted: Posted; moments: Moments }): Outcome {
  const { posted, moments } = input
  const file = readFile(session, posted)
  if ('verdict' in file) return file
  const { context, form } = session
  const judged = judge({
    bytes: file.xml,
    form,
    context,
    receivedAt: moments.receivedAt,
    validate: world.validateSchema,
  })
  if ('refused' in judged) {
    const { statusCode, description, details } = judged.refused
    return {
      verdict: { code: statusCode, description, details },
      ...(judged.facts === undefined ? {} : { facts: judged.facts }),
    }
  }
  const { facts } = judged
  const { invoiceKind, invoiceNumber, seller } = facts
  const original = world.register.findByNaturalKey({ sellerNip: seller.nip, invoiceKind, invoiceNumber })
  if (original !== undefined) return { verdict: duplicateOf(original), facts }
  return {
    verdict: SUCCESS,
    facts,
    accepted: accept(world, session, { xml: file.xml, facts, posted, moments }),
  }
}

function record(world: World, session: SendingSession, invoice: SentInvoice): void {
  const { facts, accepted } = invoice
  world.ledger.recordDecision({
    statusCode: invoice.verdict.code,
    invoiceHash: invoice.invoiceHash,
    ...(accepted === undefined ? {} : { ksefNumber: accepted.ksefNumber }),
    ...(facts === undefined
      ? {}
      : { sellerNip: facts.seller.nip, invoiceNumber: facts.invoiceNumber, invoiceKind: facts.invoiceKind }),
    context: session.context,
    subject: session.author,
    sessionReferenceNumber: session.referenceNumber,
    invoiceReferenceNumber: invoice.referenceNumber,
    receivedAt: invoice.receivedAt.toISOString(),
    settlesAt: invoice.settlesAt.toISOString(),
  })
}

/** Takes the invoice into the session and its verdict into the ledger. */
export function receiveInvoice(world: World, session: SendingSession, posted: Posted): SentInvoice {
  const receivedAt = world.clock.now()
  const moments = { receivedAt, settlesAt: later(receivedAt, world.settings.processingDelayMs) }
  const invoice: SentInvoice = {
    ordinalNumber: session.invoices.length + 1,
    referenceNumber: newReferenceNumber('EE', receivedAt, world.randomness),
    sessionReferenceNumber: session.referenceNumber,
    invoiceHash: posted.invoiceHash,
    offlineMode: posted.offlineMode,
    ...moments,
    ...decide(world, session, { posted, moments }),
  }
  session.invoices.push(invoice)
  record(world, session, invoice)
  return invoice
}
