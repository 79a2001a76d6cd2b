import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { SeenDocument } from '../documents/received-document.ts'
import { afterCall, isOfOneDocument } from './after-call.ts'
import { TRICKLE_MAX } from './choose-way.ts'
import { advanceOf, type Window } from './next-window.ts'
import { type Came, type ListedInvoice, moveOn, restWhole, storeReceived } from './store-received.ts'
import { leaseOf, type NewlyMissing, type Stepped, type Syncing } from './syncing.ts'

const PAGE_SIZE = 250

/**
 * Receives a few invoices by their list and one by one. When more came than anybody expected it says so, and nothing was
 * written.
 */
export async function readTrickle(
  context: DeliveryContext,
  at: Syncing,
  window: Window,
): Promise<Stepped | 'a-crowd'> {
  const { state, ksef } = at
  const { from, to } = window
  const dateRange = {
    dateType: 'PermanentStorage',
    from,
    ...(to === null ? {} : { to }),
    restrictToPermanentStorageHwmDate: true,
  } as const
  const page = await ksef.listInvoices({
    subjectType: state.subjectType,
    dateRange,
    pageSize: PAGE_SIZE,
    sortOrder: 'Asc',
  })
  if (!page.ok) {
    if (page.failure.code === 'RANGE_BEYOND_HWM') return restWhole(context, state)
    return afterCall(context, at, page.failure)
  }
  const { invoices, hasMore, permanentStorageHwmDate } = page.value
  if (hasMore) return 'a-crowd'
  const advance = advanceOf(window, { isTruncated: false, permanentStorageHwmDate })
  if (!advance.ok) return { to: 'failed', code: advance.code }
  const { fresh, known } = await sortOut(context, at, invoices)
  if (fresh.length > TRICKLE_MAX) return 'a-crowd'
  const fetched = await fetchAll(context, at, fresh)
  if ('stepped' in fetched) return fetched.stepped
  await context.db.withCompany(state.companyId, async (tx) => {
    const added = await storeReceived(context, tx, { state, came: fetched.came })
    await tx.documents.addRoles(known)
    await tx.inbox.addMissing(leaseOf(state), fetched.missing)
    const { length: listed } = invoices
    await moveOn(context, tx, {
      state,
      window: { from: state.checkpoint, to: advance.to, source: 'metadata', listed, added },
      isWhole: advance.isWhole,
      isMissing: fetched.missing.length > 0,
    })
  })
  return { to: 'stored' }
}

/** What is to be fetched, and what came before in whichever role: it only gains this one. */
async function sortOut(
  { db, environment }: DeliveryContext,
  { state }: Syncing,
  invoices: readonly ListedInvoice[],
): Promise<{ fresh: ListedInvoice[]; known: SeenDocument[] }> {
  const numbers = invoices.map(({ ksefNumber }) => ksefNumber)
  const here = await db.withCompany(state.companyId, (tx) => tx.inbox.known(environment, numbers))
  const fresh = invoices.filter(({ ksefNumber }) => !here.has(ksefNumber))
  const known = invoices
    .filter(({ ksefNumber }) => here.has(ksefNumber))
    .map(({ ksefNumber, permanentStorageDate = null, acquisitionDate = null }) => ({
      ...{ environment, ksefNumber, role: state.subjectType, permanentStorageDate, acquisitionDate },
    }))
  return { fresh, known }
}

type Fetched = { came: Came[]; missing: NewlyMissing[] } | { stepped: Stepped }

/** One by one; what KSeF lists and does not give is noted and asked for again, and holds nothing else up. */
async function fetchAll(
  context: DeliveryContext,
  at: Syncing,
  wanted: readonly ListedInvoice[],
): Promise<Fetched> {
  const came: Came[] = []
  const missing: NewlyMissing[] = []
  for (const listed of wanted) {
    if (at.signal.aborted) return { stepped: { to: 'lost' } }
    const { ksefNumber, invoiceHash, permanentStorageDate = null } = listed
    const got = await at.ksef.getInvoice(ksefNumber)
    if (got.ok) {
      came.push({ ksefNumber, content: got.value.xml, listed })
      continue
    }
    const { code } = got.failure
    if (!isOfOneDocument(got.failure) || code === 'KSEF_BLOCKED_BY_SECURITY')
      return { stepped: await afterCall(context, at, got.failure) }
    missing.push({ ksefNumber, invoiceHash, permanentStorageDate, code, foundAt: context.now() })
  }
  return { came, missing }
}
