/** KOD II of an invoice issued offline: signed with the company's certificate of type Offline, or with the provider's. */
import { createPrivateKey } from 'node:crypto'
import { certificateLink, KodIIKeyError, QR_LABELS, type QrCode, Sealed } from '@ksef-fleet/ksef'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { outOfTime } from '../context/choose-credential.ts'
import type { UsableCredential } from '../credentials/credential.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyReads } from '../stores.ts'
import { isMarkedOffline, type Submission } from '../submissions/submission.ts'

type Deps = Pick<CoreDependencies, 'db' | 'secrets' | 'environment' | 'now'> & {
  trail: Pick<AuditTrail, 'record' | 'room'>
  /** Host of the pages that codes lead to. */
  qrBaseUrl: string
}

export type CodeRequest = { submission: Submission; actor: string; requestId?: string }

/**
 * KOD II, with the word beneath that tells what it is for. Every signature is in the audit log.
 *
 * @throws FleetError QR_CODE_TOTAL_FAILURE, QR_CODE_ONLINE, QR_CERTIFICATE_MISSING, SECRET_UNAVAILABLE, SECRET_BROKEN
 */
export async function signCode(deps: Deps, request: CodeRequest): Promise<QrCode> {
  const { submission } = request
  if (submission.offlineMode === 'totalFailure') throw new FleetError('QR_CODE_TOTAL_FAILURE')
  if (submission.offlineMode === null && !isMarkedOffline(submission)) throw new FleetError('QR_CODE_ONLINE')
  const { certificate, context } = await deps.db.readCompany(submission.companyId, async (reads) => ({
    certificate: await chooseOfflineCertificate(deps, reads),
    context: await contextOf(deps, reads, submission),
  }))
  if (certificate === null) throw new FleetError('QR_CERTIFICATE_MISSING')
  await deps.trail.room()
  const link = await linkOf(deps, { submission, certificate, context })
  deps.trail.record(
    {
      actor: request.actor,
      action: 'credential.sign-code',
      subject: certificate.id,
      outcome: 'ok',
      taxpayerNip: submission.sellerNip,
      ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
      details: {
        credentialVersion: certificate.version.number,
        serialNumber: certificate.version.serialNumber,
      },
    },
    submission.companyId,
  )
  return { link, label: QR_LABELS.certificate }
}

/** The company's own before the provider's, and of equals the one that lasts longest; null when none is valid today. */
export async function chooseOfflineCertificate(
  { environment, now }: Pick<Deps, 'environment' | 'now'>,
  reads: Pick<CompanyReads, 'credentials'>,
): Promise<UsableCredential | null> {
  const known = await reads.credentials.signing(environment)
  const [chosen] = known
    .filter(({ version }) => outOfTime(version, now()) === null)
    .toSorted(
      (one, other) =>
        Number(one.companyId === null) - Number(other.companyId === null) ||
        endOf(other.version.notAfter) - endOf(one.version.notAfter),
    )
  return chosen ?? null
}

const endOf = (notAfter: Date | null): number => notAfter?.getTime() ?? Number.MAX_SAFE_INTEGER

/** The context the issuer signs in to. */
async function contextOf(
  { environment }: Pick<Deps, 'environment'>,
  reads: CompanyReads,
  { companyId }: Submission,
): Promise<{ type: 'Nip' | 'InternalId' | 'NipVatUe'; value: string }> {
  const integration = await reads.integrations.current(environment)
  if (integration !== null) return integration.context
  const company = await reads.companies.get()
  if (company === null) throw new Error(`submission of the unknown company ${companyId}`)
  return { type: 'Nip', value: company.nip }
}

async function linkOf(
  { secrets, qrBaseUrl }: Deps,
  {
    submission,
    certificate,
    context,
  }: {
    submission: Submission
    certificate: UsableCredential
    context: Awaited<ReturnType<typeof contextOf>>
  },
): Promise<string> {
  const secret = await secrets.getSecret(certificate, certificate.version)
  const { serialNumber } = certificate.version
  if (secret.kind !== 'certificate' || serialNumber === null) throw new FleetError('SECRET_BROKEN')
  const privateKey = new Sealed(createPrivateKey(secret.privateKeyPem.reveal()))
  try {
    return certificateLink(qrBaseUrl, submission, { context, certificate: { serialNumber, privateKey } })
  } catch (error) {
    if (error instanceof KodIIKeyError) throw new FleetError('SECRET_BROKEN', { detail: error.message })
    throw error
  }
}
