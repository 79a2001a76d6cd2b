import type { KsefClient, Result, SignedIn } from '@ksef-fleet/ksef'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { outOfTime } from '../context/choose-credential.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { readCertificate } from '../integrations/read-certificate.ts'
import type { AccessSubject } from './access-subject.ts'
import { nipsOf } from './booked-ksef.ts'

export type SignInDependencies = Pick<CoreDependencies, 'secrets' | 'now' | 'db'>

/**
 * A full sign-in with the credential's secret, noted in the audit log whatever came of it.
 *
 * @param ksef booked on the subject
 * @throws FleetError SECRET_UNAVAILABLE, SECRET_BROKEN, CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID,
 *   CREDENTIAL_OFFLINE_TYPE, CREDENTIAL_UNREADABLE
 */
export async function signIn(
  deps: SignInDependencies,
  ksef: KsefClient,
  subject: AccessSubject,
): Promise<Result<SignedIn>> {
  const result = await request(deps, ksef, subject)
  const { companyId, credential, about } = subject
  const entry: AuditEntry = {
    actor: 'worker',
    action: 'ksef.sign-in',
    subject: about,
    outcome: result.ok ? 'ok' : 'refused',
    details: { credentialId: credential.id, credentialVersion: credential.version.number },
    ...nipsOf(subject),
    ...(result.ok
      ? { referenceNumber: result.value.authReferenceNumber }
      : { errorCode: result.failure.code }),
  }
  if (companyId === null) await deps.db.asSystem('write-audit', (tx) => tx.audit.append(entry))
  else await deps.db.withCompany(companyId, (tx) => tx.audit.append(entry))
  return result
}

async function request(
  deps: SignInDependencies,
  ksef: KsefClient,
  { context, credential }: AccessSubject,
): Promise<Result<SignedIn>> {
  const { version } = credential
  const late = outOfTime(version, deps.now())
  if (late !== null) throw new FleetError(late)
  const secret = await deps.secrets.getSecret(credential, version)
  switch (secret.kind) {
    case 'token':
      return ksef.signIn.withToken({ context, token: secret.token })
    case 'certificate': {
      const { certificatePem, privateKeyPem } = secret
      const source = { certificatePem, privateKeyPem: privateKeyPem.reveal() }
      return ksef.signIn.withCertificate({ context, certificate: readCertificate(source, deps.now()) })
    }
    case 'key':
      throw new FleetError('SECRET_BROKEN', { detail: 'the secret is a key without its certificate' })
  }
}
