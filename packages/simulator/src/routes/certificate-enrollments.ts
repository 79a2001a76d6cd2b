import 'reflect-metadata'
import { X509Certificate } from '@peculiar/x509'
import type { FastifyInstance } from 'fastify'
import { checkCertificationRequest } from '../certificates/certification-request.ts'
import { enrollmentDataOf } from '../certificates/distinguished-name.ts'
import { later } from '../clock.ts'
import { type Access, admit } from '../gate.ts'
import { type Subject, sameIdentity } from '../identity.ts'
import { delayOf } from '../processing-delays.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { type ErrorCode, KsefRefusal } from '../refusal.ts'
import { object, type SessionPath, sessionPath } from '../request-schemas.ts'
import { refuseGone } from '../retention.ts'
import type { Status } from '../stores/authentications.ts'
import type { Enrollment, KsefCertificateType } from '../stores/ksef-certificates.ts'
import type { World } from '../world.ts'

/** Official tag "Certyfikaty" (certyfikaty-KSeF.md): from limits to the issued certificate. */
type EnrollmentBody = {
  certificateName: string
  certificateType: KsefCertificateType
  csr: string
  validFrom?: string | null
}

const enrollmentBody = object(['certificateName', 'certificateType', 'csr'], {
  certificateName: {
    type: 'string',
    minLength: 5,
    maxLength: 100,
    pattern: '^[a-zA-Z0-9_\\- ąćęłńóśźżĄĆĘŁŃÓŚŹŻ]+$',
  },
  certificateType: { type: 'string', enum: ['Authentication', 'Offline'] },
  csr: { type: 'string' },
  validFrom: { type: 'string', format: 'date-time', nullable: true },
})

const ISSUED: Status = { code: 200, description: 'Wniosek obsłużony (certyfikat wygenerowany)' }
const rejected = (detail: string): Status => ({
  code: 400,
  description: 'Wniosek odrzucony',
  details: [detail],
})

/** The certificate that signed in; only a signature can ask for another certificate. */
function signingCertificateOf(access: Access, refusal: ErrorCode): X509Certificate {
  const { signingCertificate } = access.authentication
  if (signingCertificate === undefined) throw new KsefRefusal(refusal)
  return new X509Certificate(Buffer.from(signingCertificate, 'base64'))
}

/** What is left of the limits of a subject and the identifiers tied to it. */
function allowanceLeft(world: World, subject: Subject) {
  const subjects = world.permissions.identitiesOf(subject)
  const { maxEnrollments, maxCertificates } = world.allowances.ofSubject(subject)
  const now = world.clock.now()
  const active = world.ksefCertificates
    .of(subjects)
    .filter((certificate) => world.ksefCertificates.statusOf(certificate) === 'Active').length
  const asked = world.ksefCertificates.enrollmentsOf(subjects)
  const pending = asked.filter((one) => now < one.readyAt && one.outcome.code === 200).length
  return {
    enrollment: { remaining: Math.max(0, maxEnrollments - asked.length), limit: maxEnrollments },
    certificate: { remaining: Math.max(0, maxCertificates - active - pending), limit: maxCertificates },
  }
}

function refuseBeyondLimits(world: World, subject: Subject): void {
  const { enrollment, certificate } = allowanceLeft(world, subject)
  if (enrollment.remaining === 0) throw new KsefRefusal(25006)
  if (certificate.remaining === 0) throw new KsefRefusal(25007)
}

/** 16 hexadecimal digits; the first byte keeps the number positive in DER. */
const newSerialNumber = (world: World): string => `01${world.randomness.hex(7)}`

type Wanted = { name: X509Certificate['subjectName']; publicKey: Buffer; enrollment: Enrollment }

async function issue(world: World, body: EnrollmentBody, wanted: Wanted): Promise<string> {
  const { requestDate, readyAt, subject } = wanted.enrollment
  const serialNumber = newSerialNumber(world)
  const issued = await world.issuingAuthority.issue({
    subject: wanted.name,
    publicKey: wanted.publicKey,
    serialNumber,
    type: body.certificateType,
    validFrom: body.validFrom == null ? requestDate : new Date(body.validFrom),
  })
  world.ksefCertificates.add({
    ...issued,
    serialNumber,
    name: body.certificateName,
    type: body.certificateType,
    commonName: enrollmentDataOf(wanted.name).commonName,
    subject,
    publicKey: wanted.publicKey.toString('base64'),
    requestDate,
    issuedAt: readyAt,
  })
  return serialNumber
}

async function enroll(world: World, access: Access, body: EnrollmentBody): Promise<Enrollment> {
  const { subject } = access
  const own = signingCertificateOf(access, 25002)
  const publicKey = await checkCertificationRequest(body.csr, enrollmentDataOf(own.subjectName))
  refuseBeyondLimits(world, subject)
  const requestDate = world.clock.now()
  const owner = world.ksefCertificates.ownerOfKey(publicKey.toString('base64'))
  const foreign = owner !== undefined && !sameIdentity(owner, subject)
  const enrollment: Enrollment = {
    referenceNumber: newReferenceNumber('CE', requestDate, world.randomness),
    subject,
    requestDate,
    readyAt: later(requestDate, delayOf(world.settings, 'certificate')),
    outcome:
      world.outcomes.take('certificateEnrollment') ??
      (foreign ? rejected('Klucz publiczny został już certyfikowany przez inny podmiot.') : ISSUED),
  }
  world.ksefCertificates.addEnrollment(enrollment)
  if (enrollment.outcome.code === 200) {
    const wanted = { name: own.subjectName, publicKey, enrollment }
    enrollment.certificateSerialNumber = await issue(world, body, wanted)
  }
  return enrollment
}

export function certificateEnrollments(app: FastifyInstance, world: World): void {
  app.get('/certificates/limits', async (request) => {
    const left = allowanceLeft(world, (await admit(world, request)).subject)
    return { canRequest: left.enrollment.remaining > 0 && left.certificate.remaining > 0, ...left }
  })

  app.get('/certificates/enrollments/data', async (request) =>
    enrollmentDataOf(signingCertificateOf(await admit(world, request), 25001).subjectName),
  )

  app.post<{ Body: EnrollmentBody }>(
    '/certificates/enrollments',
    { schema: { body: enrollmentBody } },
    async (request, reply) => {
      const enrollment = await enroll(world, await admit(world, request), request.body)
      const { referenceNumber, requestDate } = enrollment
      return reply.code(202).send({ referenceNumber, timestamp: requestDate.toISOString() })
    },
  )

  app.get<{ Params: SessionPath }>(
    '/certificates/enrollments/:referenceNumber',
    { schema: { params: sessionPath } },
    async (request) => {
      const { subject } = await admit(world, request)
      const found = world.ksefCertificates.findEnrollment(request.params.referenceNumber)
      const theirs = world.permissions.identitiesOf(subject)
      if (found === undefined || !theirs.some((one) => sameIdentity(one, found.subject)))
        throw new KsefRefusal(25005)
      const now = world.clock.now()
      refuseGone('certificateEnrollment', found.requestDate, now)
      const ready = now >= found.readyAt
      return {
        requestDate: found.requestDate.toISOString(),
        status: ready ? found.outcome : { code: 100, description: 'Wniosek przyjęty do realizacji' },
        certificateSerialNumber: ready ? (found.certificateSerialNumber ?? null) : null,
      }
    },
  )
}
