/** One step of a version: leased, done, and what it came to written down in one transaction with its audit entry. */
import type { KsefFailure } from '@ksef-fleet/ksef'
import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { afterFailure } from '../delivery/after-failure.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { passingCode } from '../errors/passing-failure.ts'
import { type ErrorCode, FleetError } from '../errors.ts'
import type { CredentialId } from '../identifiers.ts'
import type { VersionState } from './credential.ts'
import { type OwnerStores, withCredentialOwner } from './credential-owner.ts'
import { drainVersion } from './drain-version.ts'
import { enrolCertificate } from './enrol-certificate.ts'
import { outcomeOf } from './enter-ksef.ts'
import { eraseVersion, isLast } from './erase-version.ts'
import { makeToken } from './make-token.ts'
import { nextStep, type Step } from './next-step.ts'
import { promoteVersion } from './promote-version.ts'
import { proveVersion } from './prove-version.ts'
import { renewAgainAt, renewAt } from './renewal.ts'
import { requestRenewal } from './request-renewal.ts'
import { revokeVersion } from './revoke-version.ts'
import { type RotationTask, type StepOutcome, triesAreOver } from './rotation-task.ts'
import { leaseStep, noteProgress } from './step-lease.ts'

type Work = (context: DeliveryContext, task: RotationTask) => Promise<StepOutcome>

const WORK: Record<Exclude<Step, 'rest'>, Work> = {
  make: (context, task) =>
    task.version.origin === 'generated' ? makeToken(context, task) : enrolCertificate(context, task),
  prove: proveVersion,
  promote: promoteVersion,
  renew: requestRenewal,
  retire: async ({ now }, { version }) => {
    const set = { retiredAt: now(), nextNoticeAt: null, failure: version.failure }
    return { kind: 'moved', to: 'retiring', set }
  },
  drain: drainVersion,
  revoke: revokeVersion,
  erase: eraseVersion,
  'give-up': async (_context, { credential }) => ({
    kind: 'impossible',
    code: credential.state === 'active' ? 'ROTATION_OVERTAKEN' : 'CREDENTIAL_ENDED',
  }),
}

/** Takes the step that is due, unless another worker has it. */
export async function takeStep(context: DeliveryContext, found: RotationTask): Promise<void> {
  const step = nextStep({ ...found, now: context.now() })
  if (step === 'rest') return rest(context, found)
  const task = await leaseStep(context, found)
  if (task === null) return
  const outcome = await work(context, step, task)
  await settle(context, { step, task, outcome })
}

async function work(
  context: DeliveryContext,
  step: Exclude<Step, 'rest'>,
  task: RotationTask,
): Promise<StepOutcome> {
  try {
    return await WORK[step](context, task)
  } catch (error) {
    if (error instanceof FleetError) return outcomeOf(error)
    throw error
  }
}

/** Nothing to do but to know when there is: the renewal of a certificate. */
async function rest(context: DeliveryContext, task: RotationTask): Promise<void> {
  const { credential, version } = task
  const now = context.now()
  const renewal = version.state === 'active' ? renewAt(credential, version) : null
  const nextStepAt = renewal !== null && renewal <= now ? renewAgainAt(now) : renewal
  if (version.nextStepAt !== null) await noteProgress(context, task, { nextStepAt })
}

type Done = { step: Step; task: RotationTask; outcome: StepOutcome }

const MAY_FAIL: ReadonlySet<VersionState> = new Set(['requested', 'staged', 'proved'])

async function settle(context: DeliveryContext, { step, task, outcome }: Done): Promise<void> {
  const { timing } = context
  const { tries } = task.version
  switch (outcome.kind) {
    case 'settled':
      return
    case 'moved':
      return move(context, { step, task, outcome })
    case 'progress':
      await noteProgress(context, task, { ...outcome.set, tries: 0, nextStepAt: context.now() })
      return
    case 'waiting':
      return later(context, task, { seconds: waitAt(timing.pollSeconds, tries - 1) })
    case 'postponed':
      return later(context, task, { seconds: waitAt(timing.retrySeconds, tries - 1), code: outcome.code })
    case 'impossible':
      return stop(context, { step, task, outcome })
    case 'refused':
      return refuse(context, { step, task, failure: outcome.failure })
  }
}

async function move(
  context: DeliveryContext,
  { step, task, outcome }: Done & { outcome: Extract<StepOutcome, { kind: 'moved' }> },
): Promise<void> {
  const { credential, version } = task
  const set = { nextStepAt: context.now(), tries: 0, failure: null, ...outcome.set }
  const { referenceNumber, ...says } = outcome.says ?? { outcome: 'ok' as const }
  await withCredentialOwner(context, credential.companyId, async (stores) => {
    const { state: from, tries } = version
    // Not by one that slept past its lease: the step is another's by now.
    const moved = await stores.credentials.moveVersion(credential.id, version.number, {
      from,
      to: outcome.to,
      tries,
      set,
    })
    if (!moved) return
    await stores.audit.append({
      ...entryOf(task, { step, outcome: says.outcome }),
      ...(referenceNumber === undefined ? {} : { referenceNumber }),
      details: { credentialVersion: version.number, origin: version.origin, reason: says.reason ?? null },
    })
    if (outcome.to === 'erased' && isLast(task)) await end(stores, credential.id)
    if (says.outcome === 'failed') await tell(stores, task, { code: 'ROTATION_STUCK', step })
  })
  context.log.info(
    { credentialId: credential.id, version: version.number, state: outcome.to },
    'credential.step',
  )
}

async function end({ credentials, audit }: OwnerStores, id: CredentialId): Promise<void> {
  if (!(await credentials.move(id, { from: 'ending', to: 'ended' }))) return
  await audit.append({ actor: 'worker', action: 'credential.end', subject: id, outcome: 'ok' })
}

/** What KSeF refuses for good is not asked again: a second look at a dead credential looks like an attack. */
async function refuse(
  context: DeliveryContext,
  { step, task, failure }: { step: Step; task: RotationTask; failure: KsefFailure },
): Promise<void> {
  const { tries } = task.version
  const remedy = afterFailure(failure, tries - 1, context.timing.retrySeconds)
  const { code, description } = failure
  context.log.warn(
    { credentialId: task.credential.id, step, code, operation: failure.operation },
    'rotation.refused',
  )
  if (meaningOfRefusal(failure) !== 'passes' || remedy.fail) {
    const words = description === undefined ? code : `${code}: ${description}`
    return stop(context, {
      step,
      task,
      outcome: { kind: 'impossible', code: codeOf(failure), description: words },
    })
  }
  return later(context, task, { seconds: remedy.seconds, code: passingCode(failure) })
}

const codeOf = ({ kind }: KsefFailure): ErrorCode =>
  kind === 'status' ? 'CREDENTIAL_REFUSED' : 'ROTATION_REFUSED'

async function later(
  context: DeliveryContext,
  task: RotationTask,
  { seconds, code }: { seconds: number; code?: ErrorCode },
): Promise<void> {
  if (code !== undefined && triesAreOver(task.version) && MAY_FAIL.has(task.version.state)) {
    const outcome = { kind: 'impossible' as const, code: 'ROTATION_STUCK' as const, description: code }
    return stop(context, { step: 'give-up', task, outcome })
  }
  const isTold = code !== undefined && task.version.state !== 'active'
  const failure = isTold ? { failure: { code } } : {}
  await noteProgress(context, task, { nextStepAt: addSeconds(context.now(), seconds), ...failure })
}

/**
 * A version that was still to come fails, and the active one is untouched. On its way out a version never fails: the step
 * is tried again, ever more slowly, and a person sees why.
 */
async function stop(
  context: DeliveryContext,
  { step, task, outcome }: Done & { outcome: Extract<StepOutcome, { kind: 'impossible' }> },
): Promise<void> {
  const { credential, version } = task
  const { code, description } = outcome
  const failure = { code, ...(description === undefined ? {} : { description }) }
  context.log.warn({ credentialId: credential.id, version: version.number, step, code }, 'rotation.stopped')
  // A renewal that cannot be asked for is no fault of the version that signs in.
  if (version.state === 'active') {
    await noteProgress(context, task, { nextStepAt: renewAgainAt(context.now()), tries: 0 })
    return
  }
  if (!MAY_FAIL.has(version.state)) {
    const seconds = waitAt(context.timing.retrySeconds, version.tries - 1)
    await noteProgress(context, task, { nextStepAt: addSeconds(context.now(), seconds), failure })
    return
  }
  await withCredentialOwner(context, credential.companyId, async (stores) => {
    const { state: from, tries } = version
    const move = { from, to: 'failed', tries, set: { failure, nextStepAt: context.now(), tries: 0 } } as const
    if (!(await stores.credentials.moveVersion(credential.id, version.number, move))) return
    await stores.audit.append({ ...entryOf(task, { step, outcome: 'failed' }), errorCode: code })
    await tell(stores, task, { code, step })
  })
}

const tell = (
  { events }: OwnerStores,
  { credential, version }: RotationTask,
  why: { code: string; step: Step },
) =>
  events.add({
    type: 'credential.failed',
    subject: credential.id,
    key: `credential-failed-${credential.id}-${version.number}`,
    data: { version: version.number, ...why },
  })

const entryOf = (
  { credential, version }: RotationTask,
  { step, outcome }: { step: Step; outcome: AuditEntry['outcome'] },
): AuditEntry => ({
  actor: 'worker',
  action: `credential.${step}`,
  subject: credential.id,
  outcome,
  details: { credentialVersion: version.number, origin: version.origin },
})
