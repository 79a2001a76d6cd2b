import type { KsefClient, Result, SignedIn } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { Credential, Integration } from '../integrations/integration.ts'
import { readCertificate } from '../integrations/read-certificate.ts'

export type SignInDependencies = Pick<CoreDependencies, 'secrets' | 'now' | 'db'> & { ksef: KsefClient }

/**
 * A full sign-in with the credential's secret, noted in the audit log whatever came of it.
 *
 * @throws FleetError SECRET_UNAVAILABLE, CREDENTIAL_EXPIRED, CREDENTIAL_UNREADABLE
 */
export async function signIn(
  deps: SignInDependencies,
  integration: Integration,
  credential: Credential,
): Promise<Result<SignedIn>> {
  const { companyId, context } = integration
  const secret = await deps.secrets.getSecret(credential, { companyId, context })
  const result =
    secret.kind === 'token'
      ? await deps.ksef.signIn.withToken({ context, token: secret.token })
      : await deps.ksef.signIn.withCertificate({
          context,
          certificate: readCertificate(
            { certificatePem: secret.certificatePem, privateKeyPem: secret.privateKeyPem.reveal() },
            deps.now(),
          ),
        })
  const refusal = result.ok ? {} : { code: result.failure.code }
  await deps.db.withCompany(companyId, (tx) =>
    tx.audit.append({
      actor: 'worker',
      action: 'ksef.sign-in',
      subject: integration.id,
      outcome: result.ok ? 'ok' : 'refused',
      details: { credential: credential.id, version: credential.version, ...refusal },
    }),
  )
  return result
}
