import { KSEF_ERRORS, type KsefFailure } from '@ksef-fleet/ksef'
import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import type { LimitStanding } from '../budget/rate-budget.ts'
import { readStanding } from '../budget/read-standing.ts'
import { rankCredentials, whyNone } from '../context/choose-credential.ts'
import { type ConnectionTest, companyKsef } from '../context/company-ksef.ts'
import { type ContextDependencies, contextKsef } from '../context/context-ksef.ts'
import { noteDeadCredential } from '../context/dead-credential.ts'
import type { UsableCredential } from '../credentials/credential.ts'
import { afterFailure } from '../delivery/after-failure.ts'
import { blockGroup } from '../delivery/block-group.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { passingCode } from '../errors/passing-failure.ts'
import { ERRORS, type ErrorCode, FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Log } from '../log.ts'
import { type Failing, holdBehind } from './fail-integration.ts'
import type { Integration } from './integration.ts'
import { isCompanysOwn, judgeVerification } from './judge-verification.ts'
import { readLimits } from './read-limits.ts'
import { recordVerification, type Verdict, type VerificationBasis } from './record-verification.ts'

export type VerifyDependencies = CoreDependencies & ContextDependencies & { log: Log }

/** After a failure that passes by itself. */
const RETRY_SECONDS = 30
/**
 * Permissions, proofs and credentials are looked for again this often: whoever brings them shall not have to tell us. Where
 * no credential signs in, looking is no call of KSeF.
 */
const LOOK_AGAIN_MS = 15 * 60_000

type Tested =
  | { ok: true; test: ConnectionTest }
  | { ok: false; failure: KsefFailure }
  | { ok: false; cause: FleetError }

/**
 * Signs in to the context with the credential that is chosen now, reads the permissions in force, and records what
 * follows: active, failed for a reason, or waiting for the proof that the company may act for its NIP. A credential that
 * turns out to be dead is noted and the next one tried, so that each is refused once.
 *
 * @returns the integration as it stands afterwards, or null when it is revoked or not there
 */
export async function verifyIntegration(
  deps: VerifyDependencies,
  { companyId, integrationId }: { companyId: CompanyId; integrationId: IntegrationId },
): Promise<Integration | null> {
  const found = await deps.db.withCompany(companyId, async (tx) => {
    const { verifyDueAt: askedAt } = await tx.integrations.lock(integrationId)
    const integration = await tx.integrations.get(integrationId)
    if (integration === null || integration.state === 'revoked') return null
    const usable = await tx.credentials.usable(integration.environment)
    const limits = await readStanding(tx, integration)
    return { integration, usable, askedAt, limits }
  })
  if (found === null) return null
  const verdict = await verdictOn(deps, found, found.limits)
  return recordVerification(deps, found, verdict)
}

async function verdictOn(
  deps: VerifyDependencies,
  { integration, usable }: VerificationBasis,
  limits: LimitStanding,
): Promise<Verdict> {
  const candidates = rankCredentials(usable, integration, deps.now())
  const passedOver = [...candidates.passedOver]
  for (const credential of candidates.fitting) {
    const tested = await testWith(deps, { integration, limits }, credential)
    if (tested.ok) {
      const byOwnCredential = isCompanysOwn(credential, usable)
      return judge(deps, { integration, byOwnCredential, test: tested.test })
    }
    if ('cause' in tested) return afterCause(deps, tested.cause)
    const { failure } = tested
    if (meaningOfRefusal(failure) !== 'credential') {
      const verdict = afterRefusal(deps, integration, failure)
      const until = 'why' in verdict ? verdict.why.verifyAt : null
      if (failure.kind === 'rate-limited' && until !== null)
        await blockGroup(deps, integration, { failure, until })
      return verdict
    }
    await noteDeadCredential(deps, credential, failure)
    passedOver.push({ credential, code: 'CREDENTIAL_REFUSED' })
  }
  const code = whyNone(passedOver)
  return { to: 'failed', why: { code, description: ERRORS[code].means, verifyAt: lookAgain(deps) } }
}

async function testWith(
  deps: VerifyDependencies,
  { integration, limits }: { integration: Integration; limits: LimitStanding },
  credential: UsableCredential,
): Promise<Tested> {
  const { companyId, environment, context, id } = integration
  const at = contextKsef(deps, { companyId, environment, context, credential, about: id, limits })
  try {
    const tested = await companyKsef(at, { integration, credential }, deps).testConnection()
    if (!tested.ok) return tested
    await readLimits(deps, at, integration)
    return { ok: true, test: tested.value }
  } catch (error) {
    if (error instanceof FleetError) return { ok: false, cause: error }
    throw error
  }
}

function judge(
  deps: VerifyDependencies,
  seen: { integration: Integration; byOwnCredential: boolean; test: ConnectionTest },
): Verdict {
  const { integration, byOwnCredential, test } = seen
  const now = deps.now()
  const judgement = judgeVerification(integration, { ...test, byOwnCredential }, now)
  const { missing, permissionsInForce, proof } = judgement
  const verifyAt = lookAgain(deps)
  if (missing.length > 0) {
    const description = `missing in the context of ${integration.context.value}: ${missing.join(', ')}`
    const why: Failing = { code: 'KSEF_PERMISSION_MISSING', description, verifyAt, permissionsInForce }
    return { to: 'failed', why }
  }
  if (proof === null) return { to: 'unproved', why: unproved(integration, verifyAt), permissionsInForce }
  return { to: 'active', permissionsInForce, proof }
}

const unproved = ({ grantCode, context }: Integration, verifyAt: Date): Failing => ({
  code: 'NIP_UNPROVED',
  description:
    `Signed in to the context of ${context.value} with the provider's credential, which proves nothing of the company. ` +
    `Write ${grantCode} into the description of the permission granted to the provider in KSeF; or supply the company's ` +
    'own credential; or have an administrator of the provider attest.',
  verifyAt,
})

/** The secret cannot be had, which passes, or the credential cannot be used, which its owner has to mend. */
function afterCause(deps: VerifyDependencies, cause: FleetError): Verdict {
  const { code, message: description } = cause
  if (code !== 'SECRET_UNAVAILABLE')
    return { to: 'failed', why: { code: holdBehind(code), description, verifyAt: lookAgain(deps) } }
  return {
    to: 'later',
    why: { code, description, verifyAt: secondsFrom(deps, RETRY_SECONDS) },
    silent: false,
  }
}

function afterRefusal(deps: VerifyDependencies, integration: Integration, failure: KsefFailure): Verdict {
  const { operation, code, description = KSEF_ERRORS[code].means } = failure
  const remedy = afterFailure(failure, 0, [RETRY_SECONDS])
  switch (meaningOfRefusal(failure)) {
    case 'permission': {
      const scopes = integration.scopes.join(', ')
      const says = `no permission in the context of ${integration.context.value} (wanted: ${scopes}): ${description}`
      const verifyAt = lookAgain(deps)
      const code = 'KSEF_PERMISSION_MISSING'
      return { to: 'failed', why: { code, description: says, verifyAt, operation, permissionsInForce: [] } }
    }
    case 'passes': {
      const waits = passingCode(failure)
      const why: Failing<ErrorCode> = {
        code: waits,
        description: ERRORS[waits].means,
        verifyAt: secondsFrom(deps, remedy.seconds),
      }
      return { to: 'later', why, silent: remedy.block === 'context' }
    }
    default:
      return { to: 'failed', why: { code: 'CREDENTIAL_REFUSED', description, verifyAt: null, operation } }
  }
}

const lookAgain = ({ now }: VerifyDependencies): Date => new Date(now().getTime() + LOOK_AGAIN_MS)

const secondsFrom = ({ now }: VerifyDependencies, seconds: number): Date =>
  new Date(now().getTime() + seconds * 1000)
