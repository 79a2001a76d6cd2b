import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import type { CompanyTransaction } from '../stores.ts'
import { afterCall, isOfOneDocument } from './after-call.ts'
import { storeReceived } from './store-received.ts'
import type { MissingDocument, SyncState } from './sync-state.ts'
import { LostSync, leaseOf, type Stepped, type Syncing } from './syncing.ts'

/**
 * Asks one by one for what KSeF lists and a package did not hold. What comes is stored at once; what still does not come is
 * told, and asked for again after longer waits. Null: all were asked for, and the sync may go on.
 */
export async function fetchMissing(
  context: DeliveryContext,
  at: Syncing,
  missing: readonly MissingDocument[],
): Promise<Stepped | null> {
  const here = await context.db.withCompany(at.state.companyId, (tx) =>
    tx.inbox.known(
      context.environment,
      missing.map(({ ksefNumber }) => ksefNumber),
    ),
  )
  for (const one of missing) {
    if (at.signal.aborted) return { to: 'lost' }
    if (here.has(one.ksefNumber)) {
      await noteHere(context, at.state, one)
      continue
    }
    const got = await at.ksef.getInvoice(one.ksefNumber)
    if (got.ok) {
      await keep(context, at.state, { one, content: got.value.xml })
      continue
    }
    const { failure } = got
    if (isOfOneDocument(failure)) await tellMissing(context, at.state, { one, code: failure.code })
    if (!isOfOneDocument(failure) || failure.code === 'KSEF_BLOCKED_BY_SECURITY')
      return afterCall(context, at, failure)
  }
  return null
}

/** It came in another role meanwhile: it gains this one. */
async function noteHere(context: DeliveryContext, state: SyncState, one: MissingDocument): Promise<void> {
  const { ksefNumber, permanentStorageDate } = one
  const { environment, subjectType: role } = state
  const seen = { environment, ksefNumber, role, permanentStorageDate, acquisitionDate: null }
  await context.db.withCompany(state.companyId, async (tx) => {
    await tx.documents.addRoles([seen])
    await tx.inbox.found(leaseOf(state), ksefNumber)
    await stillMine(context, tx, state)
  })
}

/** Other bytes than listed are kept as well: KSeF gave them under that number, and the document says so. */
async function keep(
  context: DeliveryContext,
  state: SyncState,
  { one, content }: { one: MissingDocument; content: Uint8Array },
): Promise<void> {
  const { ksefNumber, invoiceHash, permanentStorageDate } = one
  const dated = permanentStorageDate === null ? {} : { permanentStorageDate }
  const listed = { ksefNumber, invoiceHash, ...dated }
  await context.db.withCompany(state.companyId, async (tx) => {
    await storeReceived(context, tx, { state, came: [{ ksefNumber, content, listed }] })
    await tx.inbox.found(leaseOf(state), ksefNumber)
    await stillMine(context, tx, state)
  })
}

async function tellMissing(
  context: DeliveryContext,
  state: SyncState,
  { one, code }: { one: MissingDocument; code: string },
): Promise<void> {
  const { integrationId, subjectType } = state
  const { ksefNumber } = one
  const nextTryAt = addSeconds(context.now(), waitAt(context.inboxTiming.missingSeconds, one.tries))
  await context.db.withCompany(state.companyId, async (tx) => {
    await tx.inbox.stillMissing(leaseOf(state), ksefNumber, { code, nextTryAt })
    await stillMine(context, tx, state)
    await tx.events.add({
      type: 'sync.failed',
      subject: integrationId,
      key: `sync-missing-${integrationId}-${subjectType}-${ksefNumber}`,
      data: { role: subjectType, code: 'DOCUMENT_MISSING', ksefNumber },
    })
  })
  context.log.error({ integrationId, subjectType, code: 'DOCUMENT_MISSING' }, 'sync.document-missing')
}

async function stillMine(context: DeliveryContext, tx: CompanyTransaction, state: SyncState): Promise<void> {
  if (!(await tx.inbox.renew(leaseOf(state), context.inboxTiming.leaseSeconds))) throw new LostSync()
}
