/**
 * Takes a batch session from its packed invoices to the point where KSeF may read it: made → opened → uploaded → closing.
 * One worker drives it at a time; whoever takes over makes the same package again from the stored invoices and goes on with
 * what is missing. Until the session is `closing`, KSeF reads nothing of it, so up to there it may be given up at any line
 * and its invoices go again.
 */
import { type PackedPackage, removePackage, type SessionKey } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { holdWaiting, openAccess } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { keyOf } from '../delivery/sending-session.ts'
import type { Session } from '../delivery/session.ts'
import { whileLeased } from '../delivery/while-leased.ts'
import type { CompanyId, SessionId } from '../identifiers.ts'
import { declarePackage, narrowedFor, type Stepped } from './declare-package.ts'
import { giveUp } from './give-up.ts'
import { makePackage } from './make-package.ts'
import { packageDirectory, removeForerunners } from './spool.ts'
import { uploadParts } from './upload-parts.ts'

export async function drivePackage(
  context: DeliveryContext,
  { companyId, sessionId }: { companyId: CompanyId; sessionId: SessionId },
): Promise<void> {
  const seconds = context.timing.packageLeaseSeconds
  const session = await context.db.withCompany(companyId, (tx) => tx.packages.lease(sessionId, seconds))
  if (session === null) return
  const lease = { sessionId, fence: session.fence }
  const renew = () => context.db.withCompany(companyId, (tx) => tx.packages.renew(lease, seconds))
  await whileLeased(context, { seconds, renew }, async (signal) => {
    try {
      await takeOn(context, { session, signal })
    } catch (error) {
      // What goes wrong each time must not be tried all the time; without the database the lease runs out by itself.
      const until = addSeconds(context.now(), waitAt(context.timing.retrySeconds, session.polls))
      await rest(context, session, until).catch(() => {})
      throw error
    } finally {
      await removePackage(packageDirectory(context, session))
    }
  })
}

async function takeOn(context: DeliveryContext, driving: Driving): Promise<void> {
  const { session } = driving
  await removeForerunners(context, session)
  const opened = await openAccess(context, session.companyId, session)
  if (!opened.ok) return withoutAccess(context, session, opened.until)
  const { integration, credential } = opened.ksef
  // By a credential on its way out, what was sent is finished; of this, KSeF has read nothing yet.
  if (integration.state !== 'active' || credential.state !== 'active') return leave(context, session)
  return conclude(context, await drive(context, opened.ksef, driving), session)
}

/** Who may not send for the company gives its package up, so that the invoices wait with the others, for the same reason. */
async function withoutAccess(context: DeliveryContext, session: Session, until: Date): Promise<void> {
  const { companyId } = session
  const integration = await context.db.withCompany(companyId, (tx) =>
    tx.integrations.current(context.environment),
  )
  if (integration?.state === 'active') return rest(context, session, until)
  return leave(context, session)
}

async function leave(context: DeliveryContext, session: Session): Promise<void> {
  await giveUp(context, session, { code: 'INTEGRATION_FAILED', nextAttemptAt: context.now() })
  await holdWaiting(context, session.companyId)
}

type Driving = { session: Session; signal: AbortSignal }

async function drive(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, signal }: Driving,
): Promise<Stepped> {
  const key = keyOf(context.sealer, session)
  if (key === null) return { to: 'give-up', why: { code: 'SESSION_KEY_LOST', nextAttemptAt: context.now() } }
  const made = await make(context, { session, key, signal })
  if ('to' in made) return made
  if (signal.aborted) return { to: 'lost' }
  const declared =
    session.state === 'opening'
      ? await declarePackage(context, ksef, { session, made, key })
      : ({ to: 'on', session } as const)
  if (declared.to !== 'on') return declared
  return uploadParts(context, ksef, { session: declared.session, made, signal })
}

async function make(
  context: DeliveryContext,
  making: Driving & { key: SessionKey },
): Promise<PackedPackage | Stepped> {
  const { session, signal } = making
  let made: Awaited<ReturnType<typeof makePackage>>
  try {
    made = await makePackage(context, making)
  } catch (error) {
    if (signal.aborted) return { to: 'lost' }
    throw error
  }
  if (made.ok) return made.package
  const nextAttemptAt = context.now()
  if ('code' in made) {
    const packageMax = await narrowedFor(context, session)
    return { to: 'give-up', why: { code: made.code, nextAttemptAt, packageMax } }
  }
  const { corrupt } = made
  context.log.error({ submissionId: corrupt }, 'delivery.document-corrupt')
  await context.db.withCompany(session.companyId, (tx) =>
    tx.packages.hold(session.id, [corrupt], { code: 'DOCUMENT_CORRUPT' }),
  )
  return { to: 'give-up', why: { code: 'DOCUMENT_CORRUPT', nextAttemptAt } }
}

async function conclude(context: DeliveryContext, stepped: Stepped, session: Session): Promise<void> {
  switch (stepped.to) {
    case 'on':
      return close(context, stepped.session)
    case 'rest':
      return rest(context, session, stepped.until)
    case 'give-up': {
      const now = await context.db.withCompany(session.companyId, (tx) => tx.sessions.get(session.id))
      if (now === null || now.fence !== session.fence) return leaveToAnother(context, session)
      await giveUp(context, now, stepped.why)
      return holdWaiting(context, session.companyId)
    }
    case 'lost':
      // This process is told to stop: another one may go on at once.
      if (context.signal.aborted) return rest(context, session, context.now())
      return leaveToAnother(context, session)
  }
}

/** Nothing of what this worker still had to write counts any more. */
function leaveToAnother(context: DeliveryContext, { id, fence }: Session): void {
  context.log.info({ sessionId: id, fence }, 'package.left-to-another')
}

/**
 * From here on KSeF may read it: what becomes of the invoices is asked, and never assumed. An integration that ended
 * while the package was uploaded sends it no more.
 */
async function close(context: DeliveryContext, session: Session): Promise<void> {
  const { id, companyId, fence, invoiceCount } = session
  const closing = await context.db.withCompany(companyId, async (tx) => {
    if ((await tx.integrations.current(context.environment))?.state !== 'active') return null
    if (!(await tx.packages.closing({ sessionId: id, fence }))) return false
    // Whoever waited because packages were under way may be packed now.
    await tx.integrations.dispatchNow(context.environment)
    return true
  })
  if (closing === null) return leave(context, session)
  if (!closing) return leaveToAnother(context, session)
  context.log.info({ sessionId: id, invoices: invoiceCount }, 'package.uploaded')
}

const rest = (context: DeliveryContext, { id, companyId, fence }: Session, until: Date): Promise<void> =>
  context.db.withCompany(companyId, (tx) => tx.packages.rest({ sessionId: id, fence }, until))
