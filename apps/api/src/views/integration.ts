import {
  INTEGRATION_STATES,
  type Integration,
  type IntegrationWithCredentials,
  KSEF_SCOPES,
  KsefEnvironment,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { CredentialOutlookView, viewOutlook } from './credential-outlook.ts'
import { FailureView, viewFailure } from './failure.ts'
import { Moment, momentOf } from './page.ts'

const NipProofView = z
  .object({ method: z.enum(['own-credential', 'grant-code', 'attested']), at: Moment })
  .meta({
    id: 'NipProof',
    description:
      'How it is known that the company may act for its NIP: it supplied the credential that opened the context; the grant ' +
      "to the provider carries the integration's code; or an administrator of the provider vouches for it.",
  })

export const IntegrationView = z
  .object({
    id: z.uuid(),
    companyId: z.uuid(),
    environment: KsefEnvironment,
    context: z.object({ type: z.enum(['Nip', 'InternalId', 'NipVatUe']), value: z.string() }),
    state: z.enum(INTEGRATION_STATES).meta({
      description:
        '`pending` until the first verification succeeds, `active`, `failed` when the last one did not succeed, `revoked`.',
    }),
    scopes: z.array(z.enum(KSEF_SCOPES)).meta({ description: 'Permissions the company wants to use.' }),
    permissionsInForce: z
      .array(z.string())
      .meta({ description: 'As KSeF listed them at the last verification.' }),
    grantCode: z.string().meta({
      description:
        'To be written into the description of the permission that the company grants to the provider in KSeF, as proof ' +
        'that it may act for its NIP.',
    }),
    nipProof: NipProofView.nullable(),
    failure: FailureView.nullable().meta({ description: 'Why the last verification did not succeed.' }),
    verifiedAt: Moment.nullable(),
    blockedUntil: Moment.nullable().meta({ description: 'KSeF asked for silence until then.' }),
    createdAt: Moment,
    revokedAt: Moment.nullable(),
    links: z.object({ self: z.string(), verify: z.string(), revoke: z.string(), attestation: z.string() }),
  })
  .meta({ id: 'Integration', description: "A company's connection to its context in KSeF." })

export const IntegrationWithCredentialsView = IntegrationView.extend({
  credentials: CredentialOutlookView,
}).meta({ id: 'IntegrationWithCredentials' })

export const integrationLocation = (integration: Pick<Integration, 'companyId' | 'id'>): string =>
  `${companyLocation(integration.companyId)}/integrations/${integration.id}`

export function viewIntegration(integration: Integration): z.infer<typeof IntegrationView> {
  const self = integrationLocation(integration)
  const { nipProof } = integration
  return {
    id: integration.id,
    companyId: integration.companyId,
    environment: integration.environment,
    context: integration.context,
    state: integration.state,
    scopes: [...integration.scopes],
    permissionsInForce: [...integration.permissionsInForce],
    grantCode: integration.grantCode,
    nipProof: nipProof === null ? null : { method: nipProof.method, at: nipProof.at.toISOString() },
    failure: viewFailure(integration.failure),
    verifiedAt: momentOf(integration.verifiedAt),
    blockedUntil: momentOf(integration.blockedUntil),
    createdAt: integration.createdAt.toISOString(),
    revokedAt: momentOf(integration.revokedAt),
    links: {
      self,
      verify: `${self}/verify`,
      revoke: `${self}/revoke`,
      attestation: `${self}/attestation`,
    },
  }
}

export const viewIntegrationWithCredentials = ({
  integration,
  credentials,
}: IntegrationWithCredentials): z.infer<typeof IntegrationWithCredentialsView> => ({
  ...viewIntegration(integration),
  credentials: viewOutlook(credentials),
})
