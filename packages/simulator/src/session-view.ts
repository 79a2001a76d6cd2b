import { delayOf } from './processing-delays.ts'
import { countInvoices, invoiceStatusAt, phaseOf } from './session-phase.ts'
import type { SendingSession, SentInvoice } from './stores/sessions.ts'
import { upoPageCount, upoPageReference } from './upo.ts'
import type { World } from './world.ts'

function upoPages(
  world: World,
  session: SendingSession,
  { origin, count }: { origin: string; count: number },
) {
  return Array.from({ length: upoPageCount(count) }, (_, index) => {
    const page = index + 1
    const link = world.upoLinks.make(origin, session.referenceNumber, `session-${page}`)
    return {
      referenceNumber: upoPageReference(session, page),
      downloadUrl: link.url,
      downloadUrlExpirationDate: link.expiresAt.toISOString(),
    }
  })
}

/** How sessions and their invoices look on the wire at this moment. `origin` is where the caller reached us. */
export function viewSession(world: World, session: SendingSession, origin: string) {
  const now = world.clock.now()
  const { code, description, details, dateUpdated } = phaseOf(
    session,
    now,
    delayOf(world.settings, 'session'),
  )
  const counts = countInvoices(session, now)
  return {
    status: { code, description, ...(details === undefined ? {} : { details }) },
    dateCreated: session.dateCreated.toISOString(),
    dateUpdated: dateUpdated.toISOString(),
    validUntil: session.validUntil.toISOString(),
    ...(code === 200
      ? { upo: { pages: upoPages(world, session, { origin, count: counts.successful }) } }
      : {}),
    invoiceCount: counts.total,
    successfulInvoiceCount: counts.successful,
    failedInvoiceCount: counts.failed,
  }
}

/** A row of GET /sessions (schema SessionsQueryResponseItem). */
export function viewSessionRow(world: World, session: SendingSession) {
  const now = world.clock.now()
  const { code, description, details, dateUpdated } = phaseOf(
    session,
    now,
    delayOf(world.settings, 'session'),
  )
  const counts = countInvoices(session, now)
  return {
    referenceNumber: session.referenceNumber,
    status: { code, description, ...(details === undefined ? {} : { details }) },
    dateCreated: session.dateCreated.toISOString(),
    dateUpdated: dateUpdated.toISOString(),
    validUntil: session.validUntil.toISOString(),
    totalInvoiceCount: counts.total,
    successfulInvoiceCount: counts.successful,
    failedInvoiceCount: counts.failed,
  }
}

/** Schema SessionInvoiceStatusResponse; the KSeF number and the UPO link appear with the final status. */
export function viewInvoice(world: World, invoice: SentInvoice, origin: string) {
  const now = world.clock.now()
  const status = invoiceStatusAt(invoice, now)
  const settled = now >= invoice.settlesAt
  const { accepted } = invoice
  const row = {
    ordinalNumber: invoice.ordinalNumber,
    referenceNumber: invoice.referenceNumber,
    invoiceHash: invoice.invoiceHash,
    ...(invoice.fileName === undefined ? {} : { invoiceFileName: invoice.fileName }),
    invoicingDate: invoice.receivedAt.toISOString(),
    ...(settled && invoice.facts !== undefined ? { invoiceNumber: invoice.facts.invoiceNumber } : {}),
    status,
  }
  if (!settled || accepted === undefined) return row
  const link = world.upoLinks.make(origin, invoice.sessionReferenceNumber, invoice.referenceNumber)
  const stored = now >= accepted.permanentStorageDate
  const withheld = stored && world.misbehaviours.strike('permanent-storage-date-null') !== undefined
  return {
    ...row,
    ksefNumber: accepted.ksefNumber,
    acquisitionDate: accepted.acquisitionDate.toISOString(),
    ...(stored
      ? { permanentStorageDate: withheld ? null : accepted.permanentStorageDate.toISOString() }
      : {}),
    upoDownloadUrl: link.url,
    upoDownloadUrlExpirationDate: link.expiresAt.toISOString(),
    invoicingMode: accepted.invoicingMode,
  }
}
