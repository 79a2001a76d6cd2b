import type { FastifyInstance, FastifyRequest } from 'fastify'
import { admit } from '../gate.ts'
import { Forbidden, KsefRefusal } from '../refusal.ts'
import { object, pageSize } from '../request-schemas.ts'
import type {
  KsefCertificate,
  KsefCertificateStatus,
  KsefCertificateType,
} from '../stores/ksef-certificates.ts'
import type { World } from '../world.ts'

/** Official tag "Certyfikaty" (certyfikaty-KSeF.md): what a subject does with its issued certificates. */
type Filters = {
  certificateSerialNumber?: string | null
  name?: string | null
  type?: KsefCertificateType | null
  status?: KsefCertificateStatus | null
  expiresAfter?: string | null
}
type Paging = { pageOffset: number; pageSize: number }

const serialNumber = { type: 'string', pattern: '^[0-9A-F]{16}$' } as const
const nullable = (schema: object) => ({ ...schema, nullable: true })
const choice = (values: readonly string[]) => ({ type: 'string', nullable: true, enum: [...values, null] })
const filters = {
  ...object([], {
    certificateSerialNumber: nullable(serialNumber),
    name: { type: 'string', nullable: true },
    type: choice(['Authentication', 'Offline']),
    status: choice(['Active', 'Blocked', 'Revoked', 'Expired']),
    expiresAfter: { type: 'string', format: 'date-time', nullable: true },
  }),
  nullable: true,
}
const paging = object([], {
  pageOffset: { type: 'integer', minimum: 0, default: 0 },
  pageSize: pageSize(50),
})
const serialNumbers = object(['certificateSerialNumbers'], {
  certificateSerialNumbers: { type: 'array', minItems: 1, maxItems: 10, items: serialNumber },
})
const revocation = {
  ...object([], { revocationReason: choice(['Unspecified', 'Superseded', 'KeyCompromise']) }),
  nullable: true,
}
const validity = object(['validTo'], { validTo: { type: 'string', format: 'date-time' } })

function describeCertificate(world: World, certificate: KsefCertificate) {
  return {
    certificateSerialNumber: certificate.serialNumber,
    name: certificate.name,
    type: certificate.type,
    commonName: certificate.commonName,
    status: world.ksefCertificates.statusOf(certificate),
    subjectIdentifier: { type: certificate.subject.type, value: certificate.subject.value },
    validFrom: certificate.validFrom.toISOString(),
    validTo: certificate.validTo.toISOString(),
    lastUseDate: certificate.lastUseDate?.toISOString() ?? null,
    requestDate: certificate.requestDate.toISOString(),
  }
}

const matches = (world: World, wanted: Filters) => (certificate: KsefCertificate) => {
  const { certificateSerialNumber: serial, name, type, status, expiresAfter } = wanted
  return (
    (serial == null || certificate.serialNumber === serial) &&
    (name == null || certificate.name.includes(name)) &&
    (type == null || certificate.type === type) &&
    (status == null || world.ksefCertificates.statusOf(certificate) === status) &&
    (expiresAfter == null || certificate.validTo > new Date(expiresAfter))
  )
}

/** Certificates of the caller and of the identifier tied to it, in whatever context it signed in. */
async function own(world: World, request: FastifyRequest): Promise<KsefCertificate[]> {
  const { subject } = await admit(world, request)
  return world.ksefCertificates.of(world.permissions.identitiesOf(subject))
}

function pick(certificates: readonly KsefCertificate[], serial: string): KsefCertificate {
  const found = certificates.find((certificate) => certificate.serialNumber === serial)
  if (found === undefined) throw new KsefRefusal(25008, `Numer seryjny ${serial}.`)
  return found
}

function reading(app: FastifyInstance, world: World): void {
  app.post<{ Body: { certificateSerialNumbers: string[] } }>(
    '/certificates/retrieve',
    { schema: { body: serialNumbers } },
    async (request) => {
      const wanted = new Set(request.body.certificateSerialNumbers)
      const certificates = (await own(world, request)).filter((one) => wanted.has(one.serialNumber))
      return {
        certificates: certificates.map((one) => ({
          certificate: Buffer.from(one.certificate).toString('base64'),
          certificateName: one.name,
          certificateSerialNumber: one.serialNumber,
          certificateType: one.type,
        })),
      }
    },
  )

  app.post<{ Body: Filters | null; Querystring: Paging }>(
    '/certificates/query',
    { schema: { body: filters, querystring: paging } },
    async (request) => {
      const found = (await own(world, request)).filter(matches(world, request.body ?? {}))
      const start = request.query.pageOffset * request.query.pageSize
      const end = start + request.query.pageSize
      return {
        certificates: found.slice(start, end).map((one) => describeCertificate(world, one)),
        hasMore: end < found.length,
      }
    },
  )
}

export function certificates(app: FastifyInstance, world: World): void {
  reading(app, world)
  type Revocation = { Params: { certificateSerialNumber: string } }
  app.post<Revocation>(
    '/certificates/:certificateSerialNumber/revoke',
    { schema: { params: object([], { certificateSerialNumber: serialNumber }), body: revocation } },
    async (request, reply) => {
      const { authentication } = await admit(world, request)
      if (authentication.method === 'Token')
        throw new Forbidden('auth-method-not-allowed', { authenticationMethodCategory: 'Token' })
      const certificate = pick(await own(world, request), request.params.certificateSerialNumber)
      if (world.ksefCertificates.statusOf(certificate) !== 'Active') throw new KsefRefusal(25009)
      certificate.revokedAt = world.clock.now()
      return reply.code(204).send()
    },
  )

  app.put<{ Params: { serialNumber: string }; Body: { validTo: string } }>(
    '/testdata/certificates/:serialNumber',
    { schema: { params: object([], { serialNumber }), body: validity } },
    async (request, reply) => {
      const certificate = pick(await own(world, request), request.params.serialNumber)
      const validTo = new Date(request.body.validTo)
      if (validTo > certificate.validTo)
        throw new KsefRefusal(21405, 'validTo nie może być późniejsza niż obecna.')
      certificate.validTo = validTo
      return reply.send()
    },
  )
}
