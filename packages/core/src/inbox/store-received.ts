import type { InvoiceMetadata } from '@ksef-fleet/ksef'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { type ReceivedDocument, receivedDocument } from '../documents/received-document.ts'
import type { FleetEvent } from '../events/fleet-event.ts'
import type { CompanyTransaction } from '../stores.ts'
import { paceAfter } from './choose-way.ts'
import { auditFollows, chanceOf, lateAt, nextAuditAt, nextSyncAt } from './sync-schedule.ts'
import type { SyncKey, SyncState, SyncWindow } from './sync-state.ts'
import { leaseOf, MENDED, restIn, type Stepped } from './syncing.ts'

/** What KSeF lists of an invoice, as far as it is kept with the document. */
export type ListedInvoice = Pick<
  InvoiceMetadata,
  'ksefNumber' | 'invoiceHash' | 'invoiceNumber' | 'permanentStorageDate' | 'acquisitionDate'
>

/** Documents and bytes in one statement: each statement waits for its turn while the next documents are read. */
const DOCUMENTS_AT_ONCE = 1_000
const BYTES_AT_ONCE = 8_000_000

/** @property hash of the content, by whoever has hashed it already */
export type Came = { ksefNumber: string; content: Uint8Array; listed: ListedInvoice | null; hash?: string }

const readyToStore = (context: DeliveryContext, { subjectType }: SyncKey, came: Came): ReceivedDocument =>
  receivedDocument(context, {
    role: subjectType,
    ksefNumber: came.ksefNumber,
    content: came.content,
    ...(came.hash === undefined ? {} : { hash: came.hash }),
    metadata: came.listed,
  })

/** The same document is new to a company once, in whichever role it comes first; so is its event. */
const eventOf = (document: ReceivedDocument, documentId: string): FleetEvent => {
  const { number, sellerNip, issueDate, kind, gross, currency, correctedNumber } = document.facts
  return {
    type: 'inbox.received',
    subject: documentId,
    key: `inbox-received-${document.environment}-${document.ksefNumber}`,
    data: {
      ...{ ksefNumber: document.ksefNumber, documentId, role: document.role, flag: document.flag },
      ...{ number, sellerNip, issueDate, kind, gross, currency, correctedNumber },
    },
  }
}

/** Stores documents in the transaction, with the events of those that are new; answers how many are. */
async function storeSome(tx: CompanyTransaction, documents: readonly ReceivedDocument[]): Promise<number> {
  const outcomes = await tx.documents.insertReceived(documents)
  const events = outcomes.flatMap(({ isNew, documentId }, at) => {
    const document = documents[at]
    return isNew && document !== undefined ? [eventOf(document, documentId)] : []
  })
  await tx.events.addAll(events)
  return events.length
}

/**
 * Stores what comes, some hundred documents a statement, and answers how many are new. While PostgreSQL takes some, the next are
 * read.
 *
 * @param came of a company; in the order in which their events are to stand
 */
export async function storeReceived(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { state, came }: { state: SyncState; came: AsyncIterable<Came> | Iterable<Came> },
): Promise<number> {
  let added = 0
  let some: ReceivedDocument[] = []
  let bytes = 0
  let storing: Promise<number> = Promise.resolve(0)
  const flush = async (): Promise<void> => {
    added += await storing
    const batch = some
    some = []
    bytes = 0
    storing = storeSome(tx, batch)
    // Awaited a moment later; until then its failure is nobody's surprise.
    storing.catch(() => {})
  }
  for await (const one of came) {
    some.push(readyToStore(context, state, one))
    bytes += one.content.byteLength
    if (some.length >= DOCUMENTS_AT_ONCE || bytes >= BYTES_AT_ONCE) await flush()
  }
  if (some.length > 0) await flush()
  return added + (await storing)
}

/**
 * Moves the sync on, in the transaction that stored what the window holds: the checkpoint, the proved window, the timers and,
 * where nothing is left to ask for, the event that tells so.
 *
 * @throws LostSync when another worker runs it by now
 */
export async function moveOn(
  context: DeliveryContext,
  tx: CompanyTransaction,
  at: { state: SyncState; window: SyncWindow; isWhole: boolean; isMissing: boolean },
): Promise<void> {
  const { state, window, isWhole, isMissing } = at
  const now = context.now()
  const received = state.received + window.added
  await restIn(tx, state, {
    ...MENDED,
    checkpoint: window.to,
    pace: paceAfter(state.pace, window),
    lateAt: lateAt(state, now),
    received: isWhole ? 0 : received,
    // What was missed is asked for at once, by the next step.
    nextSyncAt: isWhole && !isMissing ? afterWhole(context, { ...state, checkpoint: window.to }, now) : now,
    orForMissing: true,
    ...(isWhole ? { completedAt: now } : {}),
    ...(state.nextAuditAt === null && isWhole ? { nextAuditAt: auditAfter(context, now) } : {}),
  })
  if (window.to > window.from) await tx.inbox.proved(leaseOf(state), { ...window, id: context.newId() })
  if (isWhole) await tellCompleted(tx, { state, upTo: window.to, received })
}

/** At once where an audit waits for it, else when the next window is wanted. */
const afterWhole = ({ randomBytes }: DeliveryContext, state: SyncState, now: Date): Date =>
  auditFollows(state, now) ? now : nextSyncAt(state, now, chanceOf(randomBytes))

export const auditAfter = ({ randomBytes }: Pick<DeliveryContext, 'randomBytes'>, now: Date): Date =>
  nextAuditAt(now, chanceOf(randomBytes))

/** A sync that found nothing is no news, unless it is the first to come through, or the first after failures. */
async function tellCompleted(
  tx: CompanyTransaction,
  { state, upTo, received }: { state: SyncState; upTo: Date; received: number },
): Promise<void> {
  const { integrationId, subjectType, completedAt, failures, lateToldAt } = state
  if (received === 0 && completedAt !== null && failures === 0 && lateToldAt === null) return
  await tx.events.add({
    type: 'sync.completed',
    subject: integrationId,
    key: `sync-completed-${integrationId}-${subjectType}-${upTo.getTime()}`,
    data: { role: subjectType, upTo: upTo.toISOString(), received },
  })
}

/** Nothing new: the checkpoint stays, and the sync is whole. */
export async function restWhole(context: DeliveryContext, state: SyncState): Promise<Stepped> {
  const now = context.now()
  await context.db.withCompany(state.companyId, async (tx) => {
    await restIn(tx, state, {
      ...MENDED,
      nextSyncAt: afterWhole(context, state, now),
      orForMissing: true,
      lateAt: lateAt(state, now),
      completedAt: now,
      received: 0,
    })
    await tellCompleted(tx, { state, upTo: state.checkpoint, received: state.received })
  })
  return { to: 'stored' }
}
