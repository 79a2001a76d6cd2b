import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  createCertificationRequest,
  loadCertificate,
  meaningOfEnrollmentStatus,
  type RetrievedCertificate,
  type Sealed,
} from '@ksef-fleet/ksef'
import type { ContextKsef } from '../context/context-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { FleetError } from '../errors.ts'
import { enterByActive, outcomeOf } from './enter-ksef.ts'
import { nameAtKsef, type RotationTask, refused, type StepOutcome, waiting } from './rotation-task.ts'
import { noteProgress } from './step-lease.ts'

/**
 * Has KSeF certify a key made here (certyfikaty-KSeF.md). The key is in the secret store before the request leaves, so that
 * no certificate is ever issued for a key that is lost. What KSeF issued before a kill is found by its name and recognised
 * by its key; one whose key is not ours any more is revoked, and another is asked for.
 */
export async function enrolCertificate(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { version } = task
  const entered = await enterByActive(context, task)
  if (!entered.ok) return entered.outcome
  if (version.secretVersion === null) return ask(context, task, entered.entry)
  const key = await keptKey(context, task)
  if (key === null) return { kind: 'progress', set: { secretVersion: null, referenceNumber: null } }
  if ('kind' in key) return key
  return version.referenceNumber === null
    ? recover(context, task, { entry: entered.entry, key: key.pem })
    : collect(context, task, { entry: entered.entry, key: key.pem })
}

/** Null when the key is gone: it was replaced by a certificate that was never written down. */
async function keptKey(
  { secrets }: DeliveryContext,
  { credential, version }: RotationTask,
): Promise<{ pem: Sealed<string> } | StepOutcome | null> {
  try {
    const secret = await secrets.getSecret(credential, version)
    return secret.kind === 'token' ? null : { pem: secret.privateKeyPem }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return error.code === 'SECRET_BROKEN' ? null : outcomeOf(error)
  }
}

async function ask(context: DeliveryContext, task: RotationTask, entry: ContextKsef): Promise<StepOutcome> {
  const { credential, version } = task
  const stray = await revokeStrayCertificates(task, entry)
  if (stray !== null) return stray
  const subject = await entry.call((ksef, access) => ksef.certificates.enrollmentData(access))
  if (!subject.ok) return refused(subject.failure)
  const { csr, privateKeyPem } = await createCertificationRequest({ subject: subject.value })
  const key = { kind: 'key' as const, privateKeyPem }
  const secretVersion = await context.secrets.storeSecret(credential, {
    number: version.number,
    secret: key,
    stage: 'pending',
  })
  const mine = await noteProgress(context, task, { secretVersion })
  if (!mine) return { kind: 'settled' } // this worker slept, and another took the step over
  const wanted = { certificateName: nameAtKsef(version), certificateType: 'Authentication', csr } as const
  const asked = await entry.call((ksef, access) => ksef.certificates.enroll(access, wanted))
  if (!asked.ok) return refused(asked.failure)
  return { kind: 'progress', set: { referenceNumber: asked.value.referenceNumber } }
}

/** The request may have arrived before the kill: what KSeF issued under our name for our key is the certificate wanted. */
async function recover(
  context: DeliveryContext,
  task: RotationTask,
  { entry, key }: { entry: ContextKsef; key: Sealed<string> },
): Promise<StepOutcome> {
  const issued = await issuedUnderName(task, entry)
  if (!issued.ok) return refused(issued.failure)
  const serialNumbers = issued.value.map((one) => one.certificateSerialNumber)
  const found = await findByKey(entry, { serialNumbers, key })
  if ('kind' in found) return found
  if (found.certificate !== null) return stage(context, task, { certificate: found.certificate, key })
  return { kind: 'progress', set: { secretVersion: null } }
}

async function collect(
  context: DeliveryContext,
  task: RotationTask,
  { entry, key }: { entry: ContextKsef; key: Sealed<string> },
): Promise<StepOutcome> {
  const { referenceNumber } = task.version
  if (referenceNumber === null) throw new Error('an enrolment without its reference number')
  const asked = await entry.call((ksef, access) =>
    ksef.certificates.enrollmentStatus(access, referenceNumber),
  )
  if (!asked.ok)
    return asked.failure.kind === 'gone' ? recover(context, task, { entry, key }) : refused(asked.failure)
  const { status, certificateSerialNumber } = asked.value
  const { outcome } = meaningOfEnrollmentStatus(status.code)
  if (outcome === 'pending') return waiting
  if (outcome !== 'done' || certificateSerialNumber === undefined) {
    const description = [status.description, ...status.details].join('; ')
    return { kind: 'impossible', code: 'ROTATION_REFUSED', description }
  }
  const found = await findByKey(entry, { serialNumbers: [certificateSerialNumber], key })
  if ('kind' in found) return found
  if (found.certificate !== null) return stage(context, task, { certificate: found.certificate, key })
  return { kind: 'impossible', code: 'ROTATION_REFUSED', description: 'KSeF certified another key than ours' }
}

/** Ten at a time is all that KSeF hands out, and more than one version's name can ever stand for. */
const RETRIEVED_MAX = 10

async function findByKey(
  entry: ContextKsef,
  { serialNumbers, key }: { serialNumbers: readonly string[]; key: Sealed<string> },
): Promise<{ certificate: RetrievedCertificate | null } | StepOutcome> {
  if (serialNumbers.length === 0) return { certificate: null }
  const wanted = serialNumbers.slice(0, RETRIEVED_MAX)
  const retrieved = await entry.call((ksef, access) => ksef.certificates.retrieve(access, wanted))
  if (!retrieved.ok) return refused(retrieved.failure)
  const ours = createPrivateKey(key.reveal())
  const isOurs = (one: RetrievedCertificate) => new X509Certificate(one.certificateDer).checkPrivateKey(ours)
  return { certificate: retrieved.value.find(isOurs) ?? null }
}

async function stage(
  { secrets, now }: DeliveryContext,
  { credential, version }: RotationTask,
  { certificate, key }: { certificate: RetrievedCertificate; key: Sealed<string> },
): Promise<StepOutcome> {
  const { certificatePem, certificateSerialNumber } = certificate
  const facts = loadCertificate({ certificatePem, privateKeyPem: key.reveal() }, now())
  const secret = { kind: 'certificate' as const, certificatePem, privateKeyPem: key }
  const secretVersion = await secrets.storeSecret(credential, {
    number: version.number,
    secret,
    stage: 'pending',
  })
  return {
    kind: 'moved',
    to: 'staged',
    set: {
      secretVersion,
      serialNumber: certificateSerialNumber,
      fingerprint: facts.fingerprintSha256,
      subject: facts.subject,
      notBefore: facts.notBefore,
      notAfter: facts.notAfter,
    },
    says: { outcome: 'ok', referenceNumber: version.referenceNumber ?? certificateSerialNumber },
  }
}

const issuedUnderName = async ({ version }: RotationTask, entry: ContextKsef) => {
  const name = nameAtKsef(version)
  const listed = await entry.call((ksef, access) =>
    ksef.certificates.query(access, { name, status: 'Active' }),
  )
  return listed.ok ? { ok: true as const, value: listed.value.filter((one) => one.name === name) } : listed
}

/**
 * Revokes every certificate issued for this version. Null when none is left.
 */
export async function revokeStrayCertificates(
  task: RotationTask,
  entry: ContextKsef,
): Promise<StepOutcome | null> {
  const issued = await issuedUnderName(task, entry)
  if (!issued.ok) return refused(issued.failure)
  for (const { certificateSerialNumber } of issued.value) {
    const revoked = await entry.call((ksef, access) =>
      ksef.certificates.revoke(access, certificateSerialNumber, 'Superseded'),
    )
    if (!revoked.ok && revoked.failure.code !== 'CERTIFICATE_NOT_ACTIVE') return refused(revoked.failure)
  }
  return null
}
