import { later, warsawDate } from './clock.ts'
import { forceVerdict, originalOf } from './control/forced-verdict.ts'
import { decryptInvoice, sha256Base64 } from './invoice/decryption.ts'
import type { InvoiceFacts } from './invoice/facts.ts'
import { judge } from './invoice/verdict.ts'
import { delayOf } from './processing-delays.ts'
import { newReferenceNumber } from './reference-number.ts'
import type { AcceptedInvoice, InvoiceStatus, SendingSession, SentInvoice } from './stores/sessions.ts'
import type { World } from './world.ts'

/**
 * How an invoice enters the register, in two steps: *examine* judges the file for itself, *conclude* decides about
 * duplicates and gives the KSeF number. An interactive session does both at the POST, in the order of arrival, and
 * shows the verdict when its processing time is over: so two racing duplicates always have one winner, whatever
 * the delay. A batch examines all its files first and concludes them in order afterwards.
 */
export type Posted = {
  ciphertext: Buffer
  invoiceHash: string
  invoiceSize: number
  offlineMode: boolean
  hashOfCorrectedInvoice?: string
}

/** An invoice file with what was said about it. */
export type InvoiceFile = {
  xml: Buffer
  invoiceHash: string
  offlineMode: boolean
  hashOfCorrectedInvoice?: string
  /** Name in the package, of a batch. */
  fileName?: string
}

export type Examined = { verdict?: InvoiceStatus; facts?: InvoiceFacts }

/** The moments of an invoice's life. */
export type Moments = { receivedAt: Date; settlesAt: Date; permanentStorageDate: Date }

const SUCCESS: InvoiceStatus = { code: 200, description: 'Sukces' }
export const brokenFile = (detail: string): InvoiceStatus => ({
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

function duplicateOf(world: World, original: AcceptedInvoice): InvoiceStatus {
  return {
    code: 440,
    description: 'Duplikat faktury',
    details: [`Faktura została już przyjęta pod numerem KSeF ${original.ksefNumber}.`],
    ...originalOf(world, original),
  }
}

/** Judges the file without regard to other invoices. `acceptedAt` is the moment whose day bounds P_1. */
export function examine(
  world: World,
  session: SendingSession,
  { file, acceptedAt }: { file: InvoiceFile; acceptedAt: Date },
): Examined {
  const { context, form } = session
  const allowance = world.allowances.ofContext(context)
  const judged = judge({
    bytes: file.xml,
    form,
    context,
    receivedAt: acceptedAt,
    validate: world.validateSchema,
    allowance: session.batch === undefined ? allowance.onlineSession : allowance.batchSession,
    attachments: {
      travel: session.batch !== undefined || file.hashOfCorrectedInvoice !== undefined,
      consented: world.attachmentConsents.holds(context),
    },
    authorizes: world.authorizations.holds,
    checksIdentifiers: session.checksIdentifiers ?? false,
  })
  if (!('refused' in judged)) return { facts: judged.facts }
  const { statusCode, description, details } = judged.refused
  return {
    verdict: { code: statusCode, description, details },
    ...(judged.facts === undefined ? {} : { facts: judged.facts }),
  }
}

type Accepting = { file: InvoiceFile; facts: InvoiceFacts; moments: Moments }

function accept(world: World, session: SendingSession, { file, facts, moments }: Accepting): AcceptedInvoice {
  // An invoice dated before the day of its receipt counts as offline (automatyczne-okreslanie-trybu-offline.md).
  const offline = file.offlineMode || facts.issueDate < warsawDate(moments.receivedAt)
  const accepted: AcceptedInvoice = {
    ksefNumber: world.nextKsefNumber(facts.seller.nip, moments.receivedAt),
    facts,
    xml: file.xml,
    invoiceHash: file.invoiceHash,
    invoicingMode: offline ? 'Offline' : 'Online',
    form: session.form,
    receivedAt: moments.receivedAt,
    acquisitionDate: moments.settlesAt,
    permanentStorageDate: moments.permanentStorageDate,
    sessionReferenceNumber: session.referenceNumber,
    ...(file.hashOfCorrectedInvoice === undefined
      ? {}
      : { hashOfCorrectedInvoice: file.hashOfCorrectedInvoice }),
  }
  world.register.add(accepted)
  return accepted
}

type Outcome = { verdict: InvoiceStatus; facts?: InvoiceFacts; accepted?: AcceptedInvoice }

function decide(
  world: World,
  session: SendingSession,
  { file, examined, moments }: { file: InvoiceFile; examined: Examined; moments: Moments },
): Outcome {
  const { verdict, facts } = examined
  if (verdict !== undefined) return { verdict, ...(facts === undefined ? {} : { facts }) }
  if (facts === undefined) throw new Error('an examined invoice has a verdict or facts')
  const { invoiceKind, invoiceNumber, seller } = facts
  const original = world.register.findByNaturalKey({ sellerNip: seller.nip, invoiceKind, invoiceNumber })
  if (original !== undefined) return { verdict: duplicateOf(world, original), facts }
  return { verdict: SUCCESS, facts, accepted: accept(world, session, { file, facts, moments }) }
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
export function conclude(
  world: World,
  session: SendingSession,
  input: { file: Omit<InvoiceFile, 'xml'> & { xml?: Buffer }; examined: Examined; moments: Moments },
): SentInvoice {
  const { receivedAt } = input.moments
  const forced = forceVerdict(world, { receivedAt, invoiceHash: input.file.invoiceHash })
  const examined =
    forced.verdict === undefined ? input.examined : { ...input.examined, verdict: forced.verdict }
  const { settlesAt = input.moments.settlesAt } = forced
  const moments =
    forced.settlesAt === undefined
      ? input.moments
      : { ...input.moments, settlesAt, permanentStorageDate: storedAfter(world, settlesAt) }
  const { xml = Buffer.alloc(0), ...about } = input.file
  const file: InvoiceFile = { xml, ...about }
  const invoice: SentInvoice = {
    ordinalNumber: session.invoices.length + 1,
    referenceNumber: newReferenceNumber('EE', moments.receivedAt, world.randomness),
    sessionReferenceNumber: session.referenceNumber,
    invoiceHash: file.invoiceHash,
    offlineMode: file.offlineMode,
    ...(file.fileName === undefined ? {} : { fileName: file.fileName }),
    ...(file.hashOfCorrectedInvoice === undefined
      ? {}
      : { hashOfCorrectedInvoice: file.hashOfCorrectedInvoice }),
    receivedAt: moments.receivedAt,
    settlesAt: moments.settlesAt,
    ...(forced.stuckIn === undefined ? {} : { stuckIn: forced.stuckIn }),
    ...decide(world, session, { file, examined, moments }),
  }
  session.invoices.push(invoice)
  record(world, session, invoice)
  return invoice
}

/** Permanent storage follows the KSeF number: always later than acquisitionDate (SessionInvoiceStatusResponse). */
export const storedAfter = (world: World, settlesAt: Date): Date =>
  later(settlesAt, Math.max(1, delayOf(world.settings, 'storage')))

/** Receives one invoice in an open interactive session. */
export function receiveInvoice(world: World, session: SendingSession, posted: Posted): SentInvoice {
  const receivedAt = world.clock.now()
  const settlesAt = later(receivedAt, delayOf(world.settings, 'invoice'))
  const moments = { receivedAt, settlesAt, permanentStorageDate: storedAfter(world, settlesAt) }
  const { ciphertext: _sealed, invoiceSize: _declared, ...about } = posted
  const opened = readFile(session, posted)
  if ('verdict' in opened) return conclude(world, session, { file: about, examined: opened, moments })
  const file: InvoiceFile = { ...about, xml: opened.xml }
  const examined = examine(world, session, { file, acceptedAt: receivedAt })
  return conclude(world, session, { file, examined, moments })
}
