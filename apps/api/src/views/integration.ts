import {
  type Credential,
  INTEGRATION_STATES,
  type Integration,
  type IntegrationWithCredential,
  KsefEnvironment,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { rowOf } from './error-row.ts'
import { Moment, momentOf } from './page.ts'

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
    permissionsInForce: z
      .array(z.string())
      .meta({ description: 'As KSeF listed them at the last verification.' }),
    failure: z
      .object({ code: z.string(), means: z.string(), help: z.string(), description: z.string().nullable() })
      .nullable()
      .meta({ description: "Why the last verification failed; `description` in KSeF's words." }),
    verifiedAt: Moment.nullable(),
    blockedUntil: Moment.nullable().meta({ description: 'KSeF asked for silence until then.' }),
    createdAt: Moment,
    revokedAt: Moment.nullable(),
    links: z.object({ self: z.string(), verify: z.string(), revoke: z.string() }),
  })
  .meta({ id: 'Integration', description: "A company's connection to its context in KSeF." })

const CredentialView = z
  .object({
    id: z.uuid(),
    kind: z.enum(['certificate', 'token']),
    version: z.int(),
    state: z.enum(['active', 'erased']),
    serialNumber: z.string().nullable(),
    fingerprint: z.string().nullable().meta({ description: 'SHA-256 of the certificate.' }),
    subject: z.string().nullable(),
    notBefore: Moment.nullable(),
    notAfter: Moment.nullable(),
    createdAt: Moment,
  })
  .meta({ id: 'Credential', description: 'What is known of a credential. Never the secret.' })

export const IntegrationWithCredentialView = IntegrationView.extend({
  credential: CredentialView.nullable(),
}).meta({
  id: 'IntegrationWithCredential',
})

export const integrationLocation = (integration: Pick<Integration, 'companyId' | 'id'>): string =>
  `${companyLocation(integration.companyId)}/integrations/${integration.id}`

export function viewIntegration(integration: Integration): z.infer<typeof IntegrationView> {
  const self = integrationLocation(integration)
  return {
    id: integration.id,
    companyId: integration.companyId,
    environment: integration.environment,
    context: integration.context,
    state: integration.state,
    permissionsInForce: [...integration.permissionsInForce],
    failure: viewFailure(integration.failure),
    verifiedAt: momentOf(integration.verifiedAt),
    blockedUntil: momentOf(integration.blockedUntil),
    createdAt: integration.createdAt.toISOString(),
    revokedAt: momentOf(integration.revokedAt),
    links: { self, verify: `${self}/verify`, revoke: `${self}/revoke` },
  }
}

export function viewIntegrationWithCredential(found: IntegrationWithCredential) {
  return {
    ...viewIntegration(found.integration),
    credential: found.credential === null ? null : viewCredential(found.credential),
  }
}

function viewFailure(failure: Integration['failure']): z.infer<typeof IntegrationView>['failure'] {
  if (failure === null) return null
  const row = rowOf(failure.code)
  return { code: failure.code, means: row.means, help: row.help, description: failure.description ?? null }
}

const viewCredential = (credential: Credential): z.infer<typeof CredentialView> => ({
  id: credential.id,
  kind: credential.kind,
  version: credential.version,
  state: credential.state,
  serialNumber: credential.serialNumber,
  fingerprint: credential.fingerprint,
  subject: credential.subject,
  notBefore: momentOf(credential.notBefore),
  notAfter: momentOf(credential.notAfter),
  createdAt: credential.createdAt.toISOString(),
})
