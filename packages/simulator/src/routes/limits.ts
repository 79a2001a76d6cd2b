import type { FastifyInstance } from 'fastify'
import { admit } from '../gate.ts'
import type { ContextAllowance } from '../limits/allowances.ts'
import { countersOf } from '../limits/enforcement.ts'
import { OVERRIDABLE_GROUPS, type OverridableGroup, type Thresholds } from '../limits/groups.ts'
import { object } from '../request-schemas.ts'
import type { World } from '../world.ts'

/** Official tag "Limity i ograniczenia" (limity/limity.md, limity/limity-api.md). */
type SubjectBody = {
  enrollment?: { maxEnrollments?: number | null } | null
  certificate?: { maxCertificates?: number | null } | null
}

/** Invoices behind one collective identifier; the number is published nowhere, so it is that of a session. */
const COLLECTIVE_INVOICES_MAX = 10_000

const natural = (maximum?: number) => ({
  type: 'integer',
  minimum: 0,
  ...(maximum === undefined ? {} : { maximum }),
})
const positive = { type: 'integer', minimum: 1 } as const
const thresholds = object(['perSecond', 'perMinute', 'perHour'], {
  perSecond: positive,
  perMinute: positive,
  perHour: positive,
})
const rateLimitsBody = object(['rateLimits'], {
  rateLimits: object(
    OVERRIDABLE_GROUPS,
    Object.fromEntries(OVERRIDABLE_GROUPS.map((group) => [group, thresholds])),
  ),
})
const session = object(['maxInvoiceSizeInMB', 'maxInvoiceWithAttachmentSizeInMB', 'maxInvoices'], {
  maxInvoiceSizeInMB: natural(5),
  maxInvoiceWithAttachmentSizeInMB: natural(10),
  maxInvoices: natural(100_000),
})
const sessionsBody = object(['onlineSession', 'batchSession'], {
  onlineSession: session,
  batchSession: session,
})
const count = (member: string) => ({
  ...object([], { [member]: { ...natural(), nullable: true } }),
  nullable: true,
})
const subjectBody = object([], {
  subjectIdentifierType: { type: 'string', enum: ['Nip', 'Pesel', 'Fingerprint'] },
  enrollment: count('maxEnrollments'),
  certificate: count('maxCertificates'),
})

function inForce(app: FastifyInstance, world: World): void {
  app.get('/rate-limits', async (request) => {
    const { context } = await admit(world, request)
    return world.allowances.requests(context)
  })

  app.get('/limits/context', async (request) => {
    const { context } = await admit(world, request)
    return {
      ...world.allowances.ofContext(context),
      collectiveIdentifier: { maxInvoices: COLLECTIVE_INVOICES_MAX },
    }
  })

  app.get('/limits/subject', async (request) => {
    const { subject } = await admit(world, request)
    const { maxEnrollments, maxCertificates } = world.allowances.ofSubject(subject)
    return { enrollment: { maxEnrollments }, certificate: { maxCertificates } }
  })
}

/** Values a test sets for the context or the subject it is signed in as; TEST only. */
function overrides(app: FastifyInstance, world: World): void {
  app.post<{ Body: ContextAllowance }>(
    '/testdata/limits/context/session',
    { schema: { body: sessionsBody } },
    async (request, reply) => {
      const { context } = await admit(world, request)
      const { onlineSession, batchSession } = request.body
      world.allowances.setContext(context, { onlineSession, batchSession })
      return reply.send()
    },
  )
  app.delete('/testdata/limits/context/session', async (request, reply) => {
    world.allowances.resetContext((await admit(world, request)).context)
    return reply.send()
  })

  app.post<{ Body: SubjectBody | null }>(
    '/testdata/limits/subject/certificate',
    { schema: { body: subjectBody } },
    async (request, reply) => {
      const { subject } = await admit(world, request)
      const maxEnrollments = request.body?.enrollment?.maxEnrollments
      const maxCertificates = request.body?.certificate?.maxCertificates
      world.allowances.setSubject(subject, {
        ...(maxEnrollments == null ? {} : { maxEnrollments }),
        ...(maxCertificates == null ? {} : { maxCertificates }),
      })
      return reply.send()
    },
  )
  app.delete('/testdata/limits/subject/certificate', async (request, reply) => {
    world.allowances.resetSubject((await admit(world, request)).subject)
    return reply.send()
  })
}

function requestOverrides(app: FastifyInstance, world: World): void {
  type RateLimits = { rateLimits: Record<OverridableGroup, Thresholds> }
  app.post<{ Body: RateLimits }>(
    '/testdata/rate-limits',
    { schema: { body: rateLimitsBody } },
    async (request, reply) => {
      const { context } = await admit(world, request)
      world.allowances.setRequests(context, request.body.rateLimits)
      world.rateLimiter.forget(countersOf(context))
      return reply.send()
    },
  )
  app.post('/testdata/rate-limits/production', async (request, reply) => {
    const { context } = await admit(world, request)
    world.allowances.setProduction(context)
    world.rateLimiter.forget(countersOf(context))
    return reply.send()
  })
  app.delete('/testdata/rate-limits', async (request, reply) => {
    const { context } = await admit(world, request)
    world.allowances.resetRequests(context)
    world.rateLimiter.forget(countersOf(context))
    return reply.send()
  })
}

export function limits(app: FastifyInstance, world: World): void {
  inForce(app, world)
  overrides(app, world)
  requestOverrides(app, world)
}
