import { ERRORS } from '../errors.ts'
import type { Integration, KsefScope } from '../integrations/integration.ts'
import { missingScopes } from '../integrations/judge-verification.ts'
import type { CompanyFacts } from './company-facts.ts'
import { actorFor, type Finding, knownCode } from './finding.ts'

/** A verification takes seconds; one that has not been made after this long is not on its way. */
const VERIFIED_WITHIN_MS = 5 * 60_000

/** What is wrong between the company and its context in KSeF. */
export function diagnoseIntegration(facts: CompanyFacts): Finding[] {
  const { integration, company } = facts
  if (integration === null) return [missing(company.id)]
  if (integration.state === 'revoked') return [revoked(integration)]
  if (integration.failure !== null) return [failed(facts, integration, integration.failure)]
  if (integration.state === 'pending') return [onItsWay(facts, integration)]
  if (integration.state === 'failed') {
    return [failed(facts, integration, { code: 'CREDENTIAL_REFUSED' })]
  }
  return []
}

const missing = (companyId: string): Finding => ({
  code: 'INTEGRATION_MISSING',
  severity: 'stops',
  says: 'The company is not connected to KSeF: it has no integration.',
  who: 'provider',
  do: `Create one with POST /v1/companies/${companyId}/integrations.`,
})

const revoked = ({ companyId, revokedAt }: Integration): Finding => ({
  code: 'INTEGRATION_REVOKED',
  severity: 'stops',
  says: `The company's integration was revoked${revokedAt === null ? '' : ` at ${revokedAt.toISOString()}`}; nothing is sent for it.`,
  since: revokedAt,
  who: 'provider',
  do: `If the company shall send again, create a new one with POST /v1/companies/${companyId}/integrations.`,
})

function onItsWay({ now }: CompanyFacts, { createdAt }: Integration): Finding {
  const late = now.getTime() - createdAt.getTime() > VERIFIED_WITHIN_MS
  return {
    code: 'INTEGRATION_ON_ITS_WAY',
    severity: 'stops',
    says: late
      ? 'The integration is still waiting for its first verification, which takes seconds when a worker runs.'
      : 'The integration is being verified; invoices are accepted and wait.',
    since: createdAt,
    who: late ? 'fleet' : 'nobody',
    do: late
      ? 'See that a worker runs and reaches PostgreSQL and Redis (its /readyz tells).'
      : 'Wait a few seconds and look again.',
  }
}

type Failure = { code: string; description?: string }

function failed(facts: CompanyFacts, integration: Integration, failure: Failure): Finding {
  const code = knownCode(failure.code)
  const { means } = ERRORS[code]
  const special = SPECIAL[code]?.(facts, integration)
  const { description } = failure
  const said = description === undefined || description === means ? '' : ` (${description})`
  return {
    code,
    severity: integration.state === 'active' ? 'warns' : 'stops',
    says: special?.says ?? `${means}${said}`,
    who: special?.who ?? actorFor(code),
    do: special?.do ?? ERRORS[code].help,
  }
}

type Words = { says?: string } & Pick<Finding, 'who' | 'do'>

/** Failures whose remedy depends on this company: its scopes, its grant code, whose credential it is. */
const SPECIAL: Record<string, (facts: CompanyFacts, integration: Integration) => Words> = {
  NIP_UNPROVED: ({ company }, { id, grantCode }) => ({
    says: `It is not proved that the company may act for the NIP ${company.nip}.`,
    who: 'company',
    do:
      `Write the code ${grantCode} into the description of the permission granted to the provider in KSeF; or supply ` +
      `the company's own certificate or token; or an administrator of the provider vouches for it with ` +
      `POST /v1/companies/${company.id}/integrations/${id}/attestation.`,
  }),
  KSEF_PERMISSION_MISSING: ({ company, credentials }, { scopes, permissionsInForce }) => ({
    says:
      `In the context of ${company.nip} the permission ${named(scopes, permissionsInForce)} is missing. ` +
      `Wanted: ${scopes.join(', ')}. In force at the last look: ${permissionsInForce.join(', ') || 'none'}.`,
    who: 'company',
    do:
      credentials.chosen?.companyId === null
        ? 'Grant the missing permission to the provider in KSeF; the fleet looks again every 15 minutes and then sends what waits.'
        : 'Grant the missing permission to the holder of the certificate or token in KSeF; the fleet looks again every 15 minutes and then sends what waits.',
  }),
  CREDENTIAL_REFUSED: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  CREDENTIAL_UNREADABLE: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  CREDENTIAL_EXPIRED: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  CREDENTIAL_NOT_YET_VALID: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  CREDENTIAL_WRONG_CONTEXT: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  CREDENTIAL_OFFLINE_TYPE: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  CREDENTIAL_MISSING: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
  SECRET_BROKEN: (facts) => ({ who: ownerOf(facts), do: supplyAnother(facts) }),
}

/** Those missing; all that are wanted where KSeF refused while its list said otherwise. */
function named(scopes: readonly KsefScope[], permissionsInForce: readonly string[]): string {
  const missing = missingScopes(scopes, permissionsInForce)
  return (missing.length > 0 ? missing : scopes).join(', ')
}

/** Whose credential signs in here, or would: the company's own where it has one. */
function ownerOf({ credentials, own }: CompanyFacts): 'company' | 'provider' {
  if (credentials.chosen !== null) return credentials.chosen.companyId === null ? 'provider' : 'company'
  const first = credentials.passedOver[0]
  if (first !== undefined) return first.credential.companyId === null ? 'provider' : 'company'
  return own.length > 0 ? 'company' : 'provider'
}

function supplyAnother(facts: CompanyFacts): string {
  const { company, credentials } = facts
  const usual = credentials.chosen ?? credentials.passedOver[0]?.credential
  const list = ownerOf(facts) === 'company' ? `/v1/companies/${company.id}/credentials` : '/v1/credentials'
  return usual === undefined
    ? `Supply a certificate or token with POST ${list}.`
    : `Supply a working successor with POST ${list}/${usual.id}/rotate.`
}
