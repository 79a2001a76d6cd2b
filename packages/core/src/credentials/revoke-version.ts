import type { AuthSession } from '@ksef-fleet/ksef'
import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import { outOfTime } from '../context/choose-credential.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { isDrained } from './drain-version.ts'
import { type Entered, type Entry, enterByActive, enterKsef, leaveKsef } from './enter-ksef.ts'
import { enterByCertificate } from './helping-certificate.ts'
import {
  activeOf,
  type RotationTask,
  refused,
  type StepOutcome,
  triesAreOver,
  waiting,
} from './rotation-task.ts'
import { signInContextOf } from './sign-in-context.ts'
import { withdrawStrays } from './withdraw-strays.ts'

/**
 * Tells KSeF to take the version no more. A token revokes itself, else a certificate does it; a certificate is revoked by
 * its successor, else by itself, and only where KSeF issued it: a qualified or self-signed one is its issuer's to revoke.
 * Sign-ins that a company's own credential left behind are ended too, since they outlive it (auth/sesje.md).
 */
export async function revokeVersion(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  // A worker that chose this version a moment before it retired may have opened a session since.
  if (!(await isDrained(context, task))) return waiting
  if (triesAreOver(task.version)) return gone('failed', 'KSeF could not be told for a day')
  if (outOfTime(task.version, context.now()) === 'CREDENTIAL_EXPIRED') return gone('ok', 'expired')
  return task.credential.kind === 'token' ? revokeToken(context, task) : revokeCertificate(context, task)
}

const gone = (outcome: 'ok' | 'failed', reason: string): StepOutcome => ({
  kind: 'moved',
  to: 'revoked',
  says: { outcome, reason },
})

async function revokeToken(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { referenceNumber } = task.version
  const entered = await enterForToken(context, task)
  if (!entered.ok)
    return isDead(entered.outcome) ? gone('ok', 'KSeF takes it no more') : orGone(entered.outcome)
  const { entry } = entered
  if (referenceNumber === null) return gone('failed', 'the token does not tell its reference number')
  const ended = await endSignIns(task, entry)
  if (ended !== null) return ended
  const revoked = await entry.ksef.tokens.revoke(entry.access, referenceNumber)
  if (!revoked.ok) return refused(revoked.failure)
  const stray = await withdrawStrays(context, task)
  await leaveKsef(context, entry)
  if (stray !== null && stray.kind !== 'impossible') return stray
  return { kind: 'moved', to: 'revoked', says: { outcome: 'ok', referenceNumber } }
}

/** By itself; by a certificate when its own secret cannot be had, or KSeF lets it in no more for want of permissions. */
async function enterForToken(context: DeliveryContext, task: RotationTask): Promise<Entered> {
  const { credential, version } = task
  const at = await signInContextOf(context, credential, version)
  if (at === null) return { ok: false, outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' } }
  const itself = await enterKsef(context, task, { credential, version, at })
  if (itself.ok || isDead(itself.outcome)) return itself
  const { outcome } = itself
  const passes = outcome.kind === 'refused' && meaningOfRefusal(outcome.failure) === 'passes'
  return passes || outcome.kind === 'postponed' ? itself : enterByCertificate(context, task, at)
}

/** KSeF knows the credential no more: what was wanted, maybe since a kill a moment ago. */
const isDead = (outcome: StepOutcome): boolean =>
  outcome.kind === 'refused' && meaningOfRefusal(outcome.failure) === 'credential'

/** What nobody here can do is left undone, and said. */
const orGone = (outcome: StepOutcome): StepOutcome =>
  outcome.kind === 'impossible' ? gone('failed', outcome.code) : outcome

async function revokeCertificate(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { credential, version } = task
  const at = await signInContextOf(context, credential, version)
  const entered =
    activeOf(task) !== null || at === null
      ? await enterByActive(context, task)
      : await enterKsef(context, task, { credential, version, at })
  if (!entered.ok)
    return isDead(entered.outcome) ? gone('ok', 'KSeF takes it no more') : orGone(entered.outcome)
  const { entry } = entered
  const ended = await endSignIns(task, entry)
  if (ended !== null) return ended
  const serialNumber = serialAtKsef(version.serialNumber)
  const issued = serialNumber === null ? 'not-by-ksef' : await revokeIssued(entry, serialNumber)
  if (typeof issued === 'object') return issued
  const stray = await withdrawStrays(context, task)
  await leaveKsef(context, entry)
  if (stray !== null && stray.kind !== 'impossible') return stray
  return issued === 'revoked'
    ? { kind: 'moved', to: 'revoked' }
    : gone('ok', 'not issued by KSeF, and not ours to revoke')
}

/** KSeF's own certificates have 16 hex digits (OpenAPI); any other number is another issuer's. */
const serialAtKsef = (serialNumber: string | null): string | null =>
  serialNumber !== null && /^[0-9A-F]{16}$/.test(serialNumber) ? serialNumber : null

async function revokeIssued(
  { ksef, access }: Entry,
  serialNumber: string,
): Promise<'revoked' | 'not-by-ksef' | StepOutcome> {
  const listed = await ksef.certificates.query(access, { certificateSerialNumber: serialNumber })
  if (!listed.ok) return refused(listed.failure)
  const [issued] = listed.value
  if (issued === undefined) return 'not-by-ksef'
  if (issued.status !== 'Active') return 'revoked'
  const revoked = await ksef.certificates.revoke(access, serialNumber, 'Superseded')
  if (revoked.ok || revoked.failure.code === 'CERTIFICATE_NOT_ACTIVE') return 'revoked'
  return refused(revoked.failure)
}

/**
 * Ends the sign-ins of a company's own credential from before its successor, in the company's context: whoever shares the
 * subject signs in once more. The provider's sign-ins stand in every client's context and end by themselves within seven
 * days; their refresh tokens are erased here.
 */
async function endSignIns({ credential, version }: RotationTask, entry: Entry): Promise<StepOutcome | null> {
  if (credential.companyId === null) return null
  const { ksef, access } = entry
  const listed = await ksef.authSessions.list(access)
  if (!listed.ok) return refused(listed.failure)
  for (const session of listed.value.filter((one) => !one.isCurrent && isOf(version, one))) {
    const ended = await ksef.authSessions.revoke(access, session.referenceNumber)
    if (!ended.ok && ended.failure.kind !== 'refused') return refused(ended.failure)
  }
  return null
}

const isOf = ({ retiredAt }: RotationTask['version'], { startDate }: AuthSession): boolean =>
  retiredAt === null || startDate < retiredAt
