import type { UsableCredential } from '../credentials/credential.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { ErrorCode } from '../errors.ts'
import { beginReceiving } from '../inbox/begin-receiving.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import type { Log } from '../log.ts'
import type { CompanyTransaction } from '../stores.ts'
import { type Failing, failIntegration, HELD_WITH_INTEGRATION } from './fail-integration.ts'
import type { Integration, NipProof } from './integration.ts'

/**
 * What a verification came to.
 *
 * active    it signed in, no scope is missing, and the NIP is proved.
 * unproved  it signed in, but nothing proves that the company may act for its NIP.
 * failed    a person has to mend something.
 * later     neither KSeF nor the secret store said no: the state stays, and the verification comes again.
 */
export type Verdict =
  | { to: 'active'; permissionsInForce: readonly string[]; proof: NipProof }
  | { to: 'unproved'; why: Failing; permissionsInForce: readonly string[] }
  | { to: 'failed'; why: Failing }
  | { to: 'later'; why: Failing<ErrorCode>; silent: boolean }

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'randomBytes' | 'inboxStartAt'> & { log: Log }

const DAY_MS = 24 * 3_600_000
/** A fleet's verifications spread over this time, so that a day after a restart they do not all come at once. */
const JITTER_MS = 2 * 3_600_000

/** What a verification was made from; when it changed meanwhile, the verdict is about the past. */
export type VerificationBasis = {
  integration: Integration
  usable: readonly UsableCredential[]
  /** The request that this verification answers. */
  askedAt: Date | null
}

/**
 * Writes the verdict, unless somebody moved the integration or its proof meanwhile, and answers it as it stands then. Where
 * credentials came or went since, or it was asked for again, a verification follows at once.
 */
export async function recordVerification(
  deps: Deps,
  basis: VerificationBasis,
  verdict: Verdict,
): Promise<Integration | null> {
  const { integration } = basis
  const { id, companyId } = integration
  const stands = await deps.db.withCompany(companyId, async (tx) => {
    const { verifyDueAt: askedAt } = await tx.integrations.lock(id)
    const present = await tx.integrations.get(id)
    // Changed while KSeF was being asked: the verification that was asked for with the change comes next.
    if (present === null || asks(present) !== asks(integration)) return present
    await write(deps, tx, { integration, verdict })
    if (
      verdict.to !== 'active' &&
      !isSame(basis.usable, await tx.credentials.usable(integration.environment))
    )
      await tx.integrations.setVerifyDue(id, deps.now())
    if (isAskedAgain(basis.askedAt, askedAt)) await tx.integrations.setVerifyDue(id, askedAt)
    return tx.integrations.get(id)
  })
  const told = {
    integrationId: id,
    state: stands?.state ?? null,
    permissions: stands?.permissionsInForce ?? [],
  }
  if (verdict.to === 'active') deps.log.info(told, 'integration.active')
  else deps.log.warn({ ...told, code: verdict.why.code }, `integration.${verdict.to}`)
  return stands
}

async function write(
  deps: Deps,
  tx: CompanyTransaction,
  { integration, verdict }: { integration: Integration; verdict: Verdict },
): Promise<void> {
  switch (verdict.to) {
    case 'active':
      return activate(deps, tx, { integration, verdict })
    case 'unproved':
      return leaveUnproved(deps, tx, { integration, verdict })
    case 'later':
      return retryLater(tx, { integration, verdict })
    case 'failed':
      await failIntegration(deps, tx, { integration, from: [integration.state], why: verdict.why })
  }
}

/** Somebody asked while KSeF was being asked: what they changed there may not have been seen. */
const isAskedAgain = (before: Date | null, present: Date | null): boolean =>
  present !== null && present.getTime() !== before?.getTime()

/** What an integration has verified: for which permissions, and on whose word. */
const asks = ({ nipProof, scopes }: Integration): string => [nipProof?.method, ...scopes].join(' ')

const isSame = (before: readonly UsableCredential[], after: readonly UsableCredential[]): boolean =>
  named(before) === named(after)

/** What a verification itself notes of a credential (a refusal) is no change. */
const named = (usable: readonly UsableCredential[]): string =>
  usable
    .map(({ id, version }) => `${id} ${version.number}`)
    .sort()
    .join()

async function activate(
  deps: Deps,
  tx: CompanyTransaction,
  at: { integration: Integration; verdict: Extract<Verdict, { to: 'active' }> },
): Promise<void> {
  const { id, companyId, environment, state, context } = at.integration
  const { permissionsInForce, proof } = at.verdict
  const now = deps.now()
  // An attestation is not written again: one that was taken back a moment ago would come back, while so the table refuses.
  const found = proof.method === 'attested' ? {} : { nipProof: proof }
  const set = { permissionsInForce, failure: null, verifiedAt: now, ...found }
  if (!(await tx.integrations.move(id, { from: [state], to: 'active', set }))) return
  await tx.integrations.setVerifyDue(id, new Date(now.getTime() + DAY_MS - jitterMs(deps)))
  const released = await tx.submissions.release(environment, HELD_WITH_INTEGRATION)
  await tx.outbox.add(ringOf(sendPending, { companyId }))
  await beginReceiving(deps, tx, at.integration)
  await tx.audit.append({
    actor: 'worker',
    action: 'integration.verify',
    subject: id,
    outcome: 'ok',
    taxpayerNip: context.value,
    details: { permissionsInForce: permissionsInForce.join(' '), method: proof.method, released },
  })
  if (state === 'active') return
  const data = { method: proof.method, released }
  await tx.events.add({
    type: 'integration.activated',
    subject: id,
    key: `${id}-active-${now.getTime()}`,
    data,
  })
}

/** Never active before: it waits. It was active, so that what waits is held: it failed. */
async function leaveUnproved(
  deps: Deps,
  tx: CompanyTransaction,
  at: { integration: Integration; verdict: Extract<Verdict, { to: 'unproved' }> },
): Promise<void> {
  const { id, state, verifiedAt, context } = at.integration
  const { why, permissionsInForce } = at.verdict
  if (verifiedAt !== null) {
    const failing = { integration: at.integration, from: [state], why: { ...why, permissionsInForce } }
    if (await failIntegration(deps, tx, failing)) await tx.integrations.setNipProof(id, null)
    return
  }
  const failure = {
    code: why.code,
    ...(why.description === undefined ? {} : { description: why.description }),
  }
  const set = { failure, permissionsInForce, nipProof: null }
  if (!(await tx.integrations.move(id, { from: [state], to: 'pending', set }))) return
  await tx.integrations.setVerifyDue(id, why.verifyAt)
  // Looked for again and again; the log tells it once.
  if (at.integration.failure?.code === why.code) return
  await tx.audit.append({
    actor: 'worker',
    action: 'integration.verify',
    subject: id,
    outcome: 'refused',
    errorCode: why.code,
    taxpayerNip: context.value,
    details: { permissionsInForce: permissionsInForce.join(' ') },
  })
}

async function retryLater(
  tx: CompanyTransaction,
  at: { integration: Integration; verdict: Extract<Verdict, { to: 'later' }> },
): Promise<void> {
  const { id, state } = at.integration
  const { code, description, verifyAt } = at.verdict.why
  const failure = { code, ...(description === undefined ? {} : { description }) }
  // What failed for a reason keeps telling that reason, not that KSeF was busy meanwhile.
  const set = state === 'failed' ? {} : { failure }
  if (!(await tx.integrations.move(id, { from: [state], to: state, set }))) return
  await tx.integrations.setVerifyDue(id, verifyAt)
  if (at.verdict.silent && verifyAt !== null) await tx.integrations.blockUntil(id, verifyAt)
}

function jitterMs({ randomBytes }: Pick<Deps, 'randomBytes'>): number {
  const [high = 0, low = 0] = randomBytes(2)
  return ((high * 256 + low) / 65_536) * JITTER_MS
}
