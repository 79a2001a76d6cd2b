import { KSEF_ERRORS, type KsefFailure } from '@ksef-fleet/ksef'
import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import { rankCredentials, whyNone } from '../context/choose-credential.ts'
import { type ConnectionTest, companyKsef } from '../context/company-ksef.ts'
import { type ContextDependencies, contextKsef } from '../context/context-ksef.ts'
import { noteDeadCredential } from '../context/dead-credential.ts'
import type { UsableCredential } from '../credentials/credential.ts'
import { afterFailure } from '../delivery/after-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { ERRORS, FleetError } from '../errors.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Log } from '../log.ts'
import type { Failing } from './fail-integration.ts'
import type { Integration } from './integration.ts'
import { isCompanysOwn, judgeVerification } from './judge-verification.ts'
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
    const askedAt = await tx.integrations.lockVerifyDue(integrationId)
    const integration = await tx.integrations.get(integrationId)
    if (integration === null || integration.state === 'revoked') return null
    const usable = await tx.credentials.usable(integration.environment)
    return { integration, usable, askedAt }
  })
  if (found === null) return null
  const verdict = await verdictOn(deps, found)
  return recordVerification(deps, found, verdict)
}

async function verdictOn(
  deps: VerifyDependencies,
  { integration, usable }: VerificationBasis,
): Promise<Verdict> {
  const candidates = rankCredentials(usable, integration, deps.now())
  const passedOver = [...candidates.passedOver]
  for (const credential of candidates.fitting) {
    const tested = await testWith(deps, integration, credential)
    if (tested.ok) {
      const byOwnCredential = isCompanysOwn(credential, usable)
      return judge(deps, { integration, byOwnCredential, test: tested.test })
    }
    if ('cause' in tested) return afterCause(deps, tested.cause)
    const { failure } = tested
    if (meaningOfRefusal(failure) !== 'credential') return afterRefusal(deps, integration, failure)
    await noteDeadCredential(deps, credential, failure)
    passedOver.push({ credential, code: 'CREDENTIAL_REFUSED' })
  }
  const code = whyNone(passedOver)
  return { to: 'failed', why: { code, description: ERRORS[code].means, verifyAt: lookAgain(deps) } }
}

async function testWith(
  deps: VerifyDependencies,
  integration: Integration,
  credential: UsableCredential,
): Promise<Tested> {
  const { companyId, environment, context, id } = integration
  const at = contextKsef(deps, { companyId, environment, context, credential, about: id })
  try {
    const tested = await companyKsef(at, { integration, credential }).testConnection()
    return tested.ok ? { ok: true, test: tested.value } : tested
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
  const why = { code: cause.code, description: cause.message }
  if (cause.code !== 'SECRET_UNAVAILABLE') return { to: 'failed', why: { ...why, verifyAt: lookAgain(deps) } }
  return { to: 'later', why: { ...why, verifyAt: secondsFrom(deps, RETRY_SECONDS) }, silent: false }
}

function afterRefusal(deps: VerifyDependencies, integration: Integration, failure: KsefFailure): Verdict {
  const { operation, code, description = KSEF_ERRORS[code].means } = failure
  const remedy = afterFailure(failure, 0, [RETRY_SECONDS])
  switch (meaningOfRefusal(failure)) {
    case 'permission': {
      const scopes = integration.scopes.join(', ')
      const says = `no permission in the context of ${integration.context.value} (wanted: ${scopes}): ${description}`
      const verifyAt = lookAgain(deps)
      const why = { code: 'KSEF_PERMISSION_MISSING', description: says, verifyAt, operation }
      return { to: 'failed', why: { ...why, permissionsInForce: [] } }
    }
    case 'passes': {
      const waits = failure.kind === 'rate-limited' ? 'KSEF_RATE_LIMITED' : 'KSEF_UNREACHABLE'
      const why = {
        code: waits,
        description: ERRORS[waits].means,
        verifyAt: secondsFrom(deps, remedy.seconds),
      }
      return { to: 'later', why, silent: remedy.block }
    }
    default:
      return { to: 'failed', why: { code: 'CREDENTIAL_REFUSED', description, verifyAt: null, operation } }
  }
}

const lookAgain = ({ now }: VerifyDependencies): Date => new Date(now().getTime() + LOOK_AGAIN_MS)

const secondsFrom = ({ now }: VerifyDependencies, seconds: number): Date =>
  new Date(now().getTime() + seconds * 1000)
