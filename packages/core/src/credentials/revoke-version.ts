import type { AuthSession } from '@ksef-fleet/ksef'
import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import { outOfTime } from '../context/choose-credential.ts'
import type { ContextKsef } from '../context/context-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { isDrained } from './drain-version.ts'
import { revokeStrayCertificates } from './enrol-certificate.ts'
import { type Entered, enterByActive, enterKsef } from './enter-ksef.ts'
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
  // A person's certificate serves every company that person works for.
  const shared = await context.db.asSystem('rotate-credentials', (tx) =>
    tx.credentials.isUsedElsewhere(task.version),
  )
  if (shared) return gone('ok', 'another credential signs in with it')
  switch (task.credential.kind) {
    case 'token':
      return revokeToken(context, task)
    case 'certificate':
      return revokeCertificate(context, task)
    case 'offline-certificate':
      return revokeOfflineCertificate(context, task)
  }
}

const gone = (outcome: 'ok' | 'failed', reason: string): StepOutcome => ({
  kind: 'moved',
  to: 'revoked',
  says: { outcome, reason },
})

async function revokeToken(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { referenceNumber } = task.version
  const itself = await enterItself(context, task)
  if (!itself.ok && isDead(itself.outcome)) return gone('ok', 'KSeF takes it no more')
  const entered = itself.ok || mayPass(itself.outcome) ? itself : await enterInstead(context, task)
  if (!entered.ok) return orGone(entered.outcome)
  if (referenceNumber === null) return gone('failed', 'the token does not tell its reference number')
  const ended = itself.ok ? await endSignIns(task, itself.entry) : null
  if (ended !== null) return ended
  const revoked = await revokeListed(entered.entry, referenceNumber)
  if (revoked !== null) return revoked
  const stray = await withdrawStrays(context, task)
  if (stray !== null && stray.kind !== 'impossible') return stray
  if (itself.ok) await leave(context, itself.entry)
  return { kind: 'moved', to: 'revoked', says: { outcome: 'ok', referenceNumber } }
}

/** Null when KSeF revokes it, or did so before a kill. */
async function revokeListed(entry: ContextKsef, referenceNumber: string): Promise<StepOutcome | null> {
  const found = await entry.call((ksef, access) => ksef.tokens.status(access, referenceNumber))
  if (found.ok && !ALIVE.has(found.value.status)) return null
  const revoked = await entry.call((ksef, access) => ksef.tokens.revoke(access, referenceNumber))
  return revoked.ok ? null : refused(revoked.failure)
}

const ALIVE: ReadonlySet<string> = new Set(['Pending', 'Active'])

async function enterItself(context: DeliveryContext, task: RotationTask): Promise<Entered> {
  const { credential, version } = task
  const at = await signInContextOf(context, credential, version)
  if (at === null) return { ok: false, outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' } }
  return enterKsef(context, task, { credential, version, at })
}

/** By a certificate: when the token's own secret cannot be had, or KSeF lets it in no more for want of permissions. */
async function enterInstead(context: DeliveryContext, task: RotationTask): Promise<Entered> {
  const at = await signInContextOf(context, task.credential, task.version)
  if (at === null) return { ok: false, outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' } }
  return enterByCertificate(context, task, at)
}

/** KSeF knows the credential no more: what was wanted, maybe since a kill a moment ago. */
const isDead = (outcome: StepOutcome): boolean =>
  outcome.kind === 'refused' && meaningOfRefusal(outcome.failure) === 'credential'

const mayPass = (outcome: StepOutcome): boolean =>
  outcome.kind === 'postponed' ||
  (outcome.kind === 'refused' && meaningOfRefusal(outcome.failure) === 'passes')

/** What nobody here can do is left undone, and said. */
const orGone = (outcome: StepOutcome): StepOutcome =>
  outcome.kind === 'impossible' ? gone('failed', outcome.code) : outcome

/**
 * By its successor, unless KSeF refuses that one or does not show it this certificate, because it names another subject: then
 * by itself.
 */
async function revokeCertificate(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const successor = activeOf(task) === null ? null : await enterByActive(context, task)
  if (successor !== null && (successor.ok || mayPass(successor.outcome))) {
    const done = await revokeFrom(task, successor)
    if (done !== 'not-listed') return done
  }
  const itself = await enterItself(context, task)
  const done = await revokeFrom(task, itself)
  const isOver = done === 'not-listed' || done.kind === 'moved'
  if (itself.ok && isOver) await leave(context, itself.entry)
  return done === 'not-listed' ? NOT_OURS : done
}

/** It cannot sign in itself: a certificate that opens the same context tells KSeF. */
async function revokeOfflineCertificate(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const entered = await enterInstead(context, task)
  if (!entered.ok) return orGone(entered.outcome)
  const serialNumber = serialAtKsef(task.version.serialNumber)
  if (serialNumber === null) return NOT_OURS
  const issued = await revokeIssued(entered.entry, serialNumber)
  if (typeof issued === 'object') return issued
  return issued === 'revoked' ? { kind: 'moved', to: 'revoked' } : NOT_OURS
}

const NOT_OURS = gone('ok', 'not issued by KSeF, and not ours to revoke')

async function revokeFrom(task: RotationTask, entered: Entered): Promise<StepOutcome | 'not-listed'> {
  if (!entered.ok)
    return isDead(entered.outcome) ? gone('ok', 'KSeF takes it no more') : orGone(entered.outcome)
  const { entry } = entered
  const ended = await endSignIns(task, entry)
  if (ended !== null) return ended
  const serialNumber = serialAtKsef(task.version.serialNumber)
  const issued = serialNumber === null ? 'not-listed' : await revokeIssued(entry, serialNumber)
  if (typeof issued === 'object') return issued
  const stray = task.version.origin === 'enrolled' ? await revokeStrayCertificates(task, entry) : null
  if (stray !== null) return stray
  if (issued === 'revoked') return { kind: 'moved', to: 'revoked' }
  return serialNumber === null ? NOT_OURS : 'not-listed'
}

/** KSeF's own certificates have 16 hex digits (OpenAPI); any other number is another issuer's. */
const serialAtKsef = (serialNumber: string | null): string | null =>
  serialNumber !== null && /^[0-9A-F]{16}$/.test(serialNumber) ? serialNumber : null

async function revokeIssued(
  entry: ContextKsef,
  serialNumber: string,
): Promise<'revoked' | 'not-listed' | StepOutcome> {
  const listed = await entry.call((ksef, access) =>
    ksef.certificates.query(access, { certificateSerialNumber: serialNumber }),
  )
  if (!listed.ok) return refused(listed.failure)
  const [issued] = listed.value
  if (issued === undefined) return 'not-listed'
  if (issued.status !== 'Active') return 'revoked'
  const revoked = await entry.call((ksef, access) =>
    ksef.certificates.revoke(access, serialNumber, 'Superseded'),
  )
  if (revoked.ok || revoked.failure.code === 'CERTIFICATE_NOT_ACTIVE') return 'revoked'
  return refused(revoked.failure)
}

/**
 * Ends the sign-ins of a company's own credential from before its successor, in the company's context: whoever shares the
 * subject signs in once more. The provider's sign-ins stand in every client's context and end by themselves within seven
 * days; nobody asks for their refresh tokens any more.
 */
async function endSignIns(
  { credential, version }: RotationTask,
  entry: ContextKsef,
): Promise<StepOutcome | null> {
  if (credential.companyId === null) return null
  const listed = await entry.call((ksef, access) => ksef.authSessions.list(access))
  if (!listed.ok) return refused(listed.failure)
  for (const { referenceNumber } of listed.value.filter((one) => !one.isCurrent && isOf(version, one))) {
    const ended = await entry.call((ksef, access) => ksef.authSessions.revoke(access, referenceNumber))
    if (!ended.ok && ended.failure.kind !== 'refused') return refused(ended.failure)
  }
  return null
}

const isOf = ({ retiredAt }: RotationTask['version'], { startDate }: AuthSession): boolean =>
  retiredAt === null || startDate < retiredAt

/** Ends the sign-in all this was done with. It would end by itself, so a failure is only told. */
async function leave({ log }: DeliveryContext, entry: ContextKsef): Promise<void> {
  const left = await entry.call((ksef, access) => ksef.authSessions.revokeCurrent(access))
  if (!left.ok) log.warn({ code: left.failure.code }, 'rotation.sign-in-left')
}
