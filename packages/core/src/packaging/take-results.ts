import { meaningOfSessionStatus, type SessionInvoice, type SessionStatus } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { isHeldBack } from '../delivery/after-failure.ts'
import { applyVerdict } from '../delivery/apply-verdict.ts'
import { holdWaiting, recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { byItself } from '../delivery/each-by-itself.ts'
import { rememberLists } from '../delivery/remember-lists.ts'
import type { Session } from '../delivery/session.ts'
import { matchResults } from './match-results.ts'
import { faultOf, packageMaxAfter } from './narrow.ts'
import type { PackedSubmission, Registration } from './package-store.ts'

/** Submissions in one transaction. */
const ROWS_AT_ONCE = 500
/** The session's receipt brings those of all its invoices at once; one that is still without it then asks for its own. */
const OWN_RECEIPT_AFTER_SECONDS = 120
/** Cancelled, or failed for a reason unknown: told of sessions whose invoices were registered (ksef-api#308). */
const TOLD_TOO_SOON: ReadonlySet<number> = new Set([440, 500])
/** Some twenty seconds by the schedule of polls. */
const LOOKS_AT_FAILED = 12
/** An invoice that a processed session neither lists nor counts out is looked for so often, some four minutes, before a person does. */
const LOOKS_AT_LAGGING = 16

type Known = Session & { referenceNumber: string }

/** @property looked false when KSeF could not be asked */
export type LookAgain = { at: Date; looked: boolean }

/**
 * Takes the verdicts on a package out of its session, which KSeF has settled. May be begun again at any line.
 *
 * @param found.session with the looks since KSeF settled it as its polls
 * @returns null when no invoice of the package waits for a verdict any more, else when to look again.
 */
export async function takeResults(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, status }: { session: Known; status: SessionStatus },
): Promise<LookAgain | null> {
  const { id, companyId } = session
  const packed = await context.db.withCompany(companyId, (tx) => tx.packages.submissions(id, ['packed']))
  if (packed.length === 0) return null
  const { polls } = session
  const { code } = status.status
  if (TOLD_TOO_SOON.has(code) && polls < LOOKS_AT_FAILED)
    return { at: addSeconds(context.now(), waitAt(context.timing.pollSeconds, polls)), looked: true }
  const list = readNothing(status) ? NOTHING : await ksef.sessionInvoices(session.referenceNumber)
  const streak = `results ${id}`
  if (!list.ok) {
    const { failure } = list
    const tries = isHeldBack(failure) ? 0 : context.streaks.add(streak)
    return { at: await recordFailure(context, ksef, { failure, tries }), looked: false }
  }
  context.streaks.end(streak)
  const results = matchResults(packed, list.value)
  await register(context, session, results.registered)
  const answering = await judge(context, rememberLists(ksef), { session, judged: results.judged })
  if (results.cancelled.length > 0) await packAnew(context, { session, status, those: results.cancelled })
  if (!answering)
    return { at: addSeconds(context.now(), waitAt(context.timing.retrySeconds, polls)), looked: true }
  // Pages that shift while they are read may show one invoice twice.
  const listed = new Set(list.value.map(({ referenceNumber }) => referenceNumber)).size
  return settleMissing(context, { session, status, missing: results.missing, listed })
}

async function register(
  context: DeliveryContext,
  { id, companyId }: Known,
  registered: readonly Registration[],
): Promise<void> {
  const ownReceiptAt = addSeconds(context.now(), OWN_RECEIPT_AFTER_SECONDS)
  for (const rows of chunked(registered)) {
    await context.db.withCompany(companyId, (tx) => tx.packages.register(id, rows, ownReceiptAt))
  }
  if (registered.length > 0)
    context.log.info({ sessionId: id, invoices: registered.length }, 'package.registered')
}

/** False when KSeF failed meanwhile. What has no verdict yet is asked about like any sent invoice. */
async function judge(
  context: DeliveryContext,
  ksef: CompanyKsef,
  {
    session: { id, companyId },
    judged,
  }: { session: Known; judged: readonly { packed: PackedSubmission; seen: SessionInvoice }[] },
): Promise<boolean> {
  const now = context.now()
  const timers = { nextPollAt: now, giveUpAt: addSeconds(now, context.timing.giveUpSeconds) }
  for (const rows of chunked(judged)) {
    const sent = rows.map(({ packed, seen }) => ({ id: packed.id, referenceNumber: seen.referenceNumber }))
    await context.db.withCompany(companyId, (tx) => tx.packages.sent(id, sent, timers))
  }
  let mayAsk = true
  for (const { packed, seen } of judged) {
    if (context.signal.aborted) return true
    const submission = await context.db.withCompany(companyId, (tx) => tx.submissions.get(packed.id))
    if (submission?.state !== 'sent') continue
    // Whose verdict cannot be written is sent by now, and asked about by itself: the package goes on without it.
    await byItself(context, submission, async () => {
      mayAsk = (await applyVerdict(context, ksef, { submission, seen, mayAsk })) && mayAsk
    })
  }
  return mayAsk
}

type Missing = {
  session: Known
  status: SessionStatus
  missing: readonly PackedSubmission[]
  listed: number
}

/**
 * What the settled session does not list was not read by KSeF, once its lists cannot be lagging behind any more: it goes
 * again, in smaller packages where the package itself was refused.
 */
async function settleMissing(context: DeliveryContext, found: Missing): Promise<LookAgain | null> {
  const { session, status, missing, listed } = found
  if (missing.length === 0) return null
  const { outcome } = meaningOfSessionStatus(status.status.code)
  const at = addSeconds(context.now(), waitAt(context.timing.pollSeconds, session.polls))
  // Where invoices were read, silence about how many is no word that the list is whole.
  const counted = status.invoiceCount ?? (hasReadAll(status) ? null : 0)
  const isWhole = counted !== null && counted <= listed && outcome !== 'unknown'
  if (!isWhole && session.polls < LOOKS_AT_LAGGING) return { at, looked: true }
  if (isWhole) await packAnew(context, { session, status, those: missing })
  else await hold(context, { session, status, those: missing }, 'KSEF_UNSETTLED')
  return null
}

type Unread = { session: Known; status: SessionStatus; those: readonly PackedSubmission[] }

/** They certainly were not registered, and it was not their own fault. */
async function packAnew(context: DeliveryContext, unread: Unread): Promise<void> {
  const { session, status, those } = unread
  const { code } = status.status
  const before = those[0]?.packageMax ?? null
  const fault = hasReadAll(status) ? 'package' : faultOf(code)
  const packageMax = packageMaxAfter(fault, { count: those.length, packageMax: before })
  if (packageMax === null) return hold(context, unread, 'DELIVERY_KEEPS_FAILING')
  const kept = packageMax === undefined ? before : packageMax
  const nextAttemptAt = addSeconds(context.now(), waitAt(context.timing.retrySeconds, 0))
  for (const rows of chunked(those)) {
    const said = { code: 'DELIVERY_TRIES_AGAIN', ksefCode: code, ksefResource: 'session' } as const
    const unpacked = { ids: rows.map((one) => one.id), code: `KSEF_SESSION_${code}`, said }
    await context.db.withCompany(session.companyId, async (tx) => {
      await tx.packages.unpack(session.id, { ...unpacked, nextAttemptAt, packageMax: kept })
      await tx.integrations.dispatchNow(context.environment)
    })
  }
  // The integration may have failed or ended meanwhile: then they wait for the same reason as the others.
  await holdWaiting(context, session.companyId)
  const said = { sessionId: session.id, ksefCode: code, invoices: those.length, packageMax: kept }
  context.log.warn(said, 'package.refused')
}

const NOTHING = { ok: true, value: [] } as const

/** A package that could not be opened has no list to be asked for: its pages would spend a narrow limit. */
const UNOPENED: ReadonlySet<number> = new Set([405, 415, 420, 430, 435])

const readNothing = ({ status: { code }, invoiceCount = 0 }: SessionStatus): boolean =>
  UNOPENED.has(code) && invoiceCount === 0

/** Each invoice of such a session has a verdict of its own. */
const NO_VALID_INVOICE = 445

const hasReadAll = ({ status: { code } }: SessionStatus): boolean =>
  meaningOfSessionStatus(code).outcome === 'done' || code === NO_VALID_INVOICE

async function hold(
  context: DeliveryContext,
  { session, status, those }: Unread,
  code: 'KSEF_UNSETTLED' | 'DELIVERY_KEEPS_FAILING',
): Promise<void> {
  const reason = { code, ksefCode: status.status.code, ksefResource: 'session' } as const
  for (const rows of chunked(those)) {
    const ids = rows.map((one) => one.id)
    await context.db.withCompany(session.companyId, (tx) => tx.packages.hold(session.id, ids, reason))
  }
}

function* chunked<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) yield rows.slice(from, from + ROWS_AT_ONCE)
}
