import { X509Certificate } from 'node:crypto'
import { Sealed } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, CredentialId, IntegrationId, type KsefEnvironment } from '../identifiers.ts'
import type { CredentialSecret } from '../secrets/ksef-secret-manager.ts'
import { isConflict } from '../stores.ts'
import type { Credential, Integration, KsefContext } from './integration.ts'
import { readCertificate } from './read-certificate.ts'

/** A credential as its owner supplies it. Key, passphrase and token arrive sealed and are never echoed. */
export type SuppliedCredential =
  | {
      type: 'certificate'
      certificatePem: string
      privateKeyPem: Sealed<string>
      passphrase?: Sealed<string>
    }
  | { type: 'pkcs12'; pkcs12: Uint8Array; passphrase: Sealed<string> }
  | { type: 'token'; token: Sealed<string> }

/**
 * Connects a company to its own context in KSeF. The secret goes to the secret store first, then the rows commit together
 * with the wish to verify; a crash between the two leaves a secret that no row points to, never a row without its secret.
 *
 * @throws FleetError NOT_FOUND, INTEGRATION_EXISTS, CREDENTIAL_UNREADABLE, CREDENTIAL_EXPIRED, SECRET_UNAVAILABLE
 */
export async function createIntegration(
  deps: CoreDependencies,
  request: { companyId: CompanyId; credential: SuppliedCredential; actor: string },
): Promise<Integration> {
  const { secret, facts } = readCredential(request.credential, deps.now())
  const { company, blockedUntil } = await deps.db.withCompany(request.companyId, async (tx) => {
    const found = await tx.companies.get()
    if (found === null) throw new FleetError('NOT_FOUND')
    if ((await tx.integrations.current(deps.environment)) !== null) throw new FleetError('INTEGRATION_EXISTS')
    return { company: found, blockedUntil: latestBlock(await tx.integrations.list(), deps.environment) }
  })

  const context: KsefContext = { type: 'Nip', value: company.nip }
  const credentialId = CredentialId.parse(deps.newId())
  const owner = { companyId: request.companyId, context }
  const secretRef = await deps.secrets.storeSecret(credentialId, owner, secret)
  const credential: Credential = {
    ...facts,
    id: credentialId,
    companyId: request.companyId,
    secretRef,
    version: 1,
    state: 'active',
    createdAt: deps.now(),
  }
  const integration: Integration = {
    id: IntegrationId.parse(deps.newId()),
    companyId: request.companyId,
    environment: deps.environment,
    context,
    credentialId,
    state: 'pending',
    permissionsInForce: [],
    failure: null,
    verifiedAt: null,
    blockedUntil,
    createdAt: deps.now(),
    revokedAt: null,
  }
  try {
    await deps.db.withCompany(request.companyId, async (tx) => {
      await tx.credentials.insert(credential)
      await tx.integrations.insert(integration)
      await tx.integrations.setVerifyDue(integration.id, deps.now())
      await tx.audit.append({
        actor: request.actor,
        action: 'integration.create',
        subject: integration.id,
        outcome: 'ok',
        details: { credential: facts.kind, fingerprint: facts.fingerprint },
      })
    })
  } catch (error) {
    // A definite refusal left no row; an unknown COMMIT may have, and then the secret must stay.
    if (isConflict(error)) await deps.secrets.eraseSecret(secretRef)
    throw isConflict(error) ? new FleetError('INTEGRATION_EXISTS') : error
  }
  return integration
}

/** KSeF asked the context for silence, not the credential: a new integration has to keep it too. */
function latestBlock(integrations: readonly Integration[], environment: KsefEnvironment): Date | null {
  const blocks = integrations.flatMap((one) =>
    one.environment === environment && one.blockedUntil !== null ? [one.blockedUntil.getTime()] : [],
  )
  return blocks.length === 0 ? null : new Date(Math.max(...blocks))
}

type CredentialFacts = Pick<
  Credential,
  'kind' | 'serialNumber' | 'fingerprint' | 'subject' | 'notBefore' | 'notAfter'
>

function readCredential(
  supplied: SuppliedCredential,
  now: Date,
): { secret: CredentialSecret; facts: CredentialFacts } {
  if (supplied.type === 'token') {
    return {
      secret: { kind: 'token', token: supplied.token },
      facts: {
        kind: 'token',
        serialNumber: null,
        fingerprint: null,
        subject: null,
        notBefore: null,
        notAfter: null,
      },
    }
  }
  const certificate = readCertificate(
    supplied.type === 'pkcs12'
      ? { pkcs12: supplied.pkcs12, passphrase: supplied.passphrase.reveal() }
      : {
          certificatePem: supplied.certificatePem,
          privateKeyPem: supplied.privateKeyPem.reveal(),
          ...(supplied.passphrase === undefined ? {} : { passphrase: supplied.passphrase.reveal() }),
        },
    now,
  )
  // Kept as PEM whatever form it came in; the passphrase has done its work and is forgotten.
  const privateKeyPem = certificate.privateKey.reveal().export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    secret: {
      kind: 'certificate',
      certificatePem: new X509Certificate(certificate.certificateDer).toString(),
      privateKeyPem: new Sealed(privateKeyPem),
    },
    facts: {
      kind: 'certificate',
      serialNumber: certificate.serialNumber,
      fingerprint: certificate.fingerprintSha256,
      subject: certificate.subject,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    },
  }
}
