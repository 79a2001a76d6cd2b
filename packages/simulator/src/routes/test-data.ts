import type { FastifyInstance } from 'fastify'
import { type Context, keyOf, type Subject } from '../identity.ts'
import { KsefRefusal } from '../refusal.ts'
import { description, identifier, nip, object } from '../request-schemas.ts'
import type { Person } from '../stores/permissions.ts'
import type { TestSubject } from '../stores/test-subjects.ts'
import type { World } from '../world.ts'

/** Official tag "Dane testowe" (dane-testowe-scenariusze.md): who exists and who may do what, without signing in. */
type SubjectBody = {
  subjectNip: string
  subjectType: TestSubject['subjectType']
  description: string
  subunits?: TestSubject['subunits'] | null
  createdDate?: string | null
}
type PersonBody = Pick<Person, 'nip' | 'pesel' | 'isBailiff'> & {
  isDeceased?: boolean
  description: string
  createdDate?: string | null
}
type GrantBody = {
  contextIdentifier: Context
  authorizedIdentifier: Subject
  permissions: { permissionType: string; description: string }[]
}
type BlockBody = { contextIdentifier?: Context | null }

const PERMISSIONS = [
  'InvoiceRead',
  'InvoiceWrite',
  'Introspection',
  'CredentialsRead',
  'CredentialsManage',
  'EnforcementOperations',
  'SubunitManage',
  'CollectiveIdentifierManage',
]

const createdDate = { type: 'string', format: 'date-time', nullable: true } as const
const subjectBody = object(['subjectNip', 'subjectType', 'description'], {
  subjectNip: nip,
  subjectType: { type: 'string', enum: ['EnforcementAuthority', 'VatGroup', 'JST'] },
  subunits: {
    type: 'array',
    nullable: true,
    items: object(['subjectNip', 'description'], { subjectNip: nip, description }),
  },
  description,
  createdDate,
})
const personBody = object(['nip', 'pesel', 'isBailiff', 'description'], {
  nip,
  pesel: { type: 'string', pattern: '^\\d{11}$' },
  isBailiff: { type: 'boolean' },
  isDeceased: { type: 'boolean' },
  description,
  createdDate,
})
const parties = {
  contextIdentifier: identifier(['Nip']),
  authorizedIdentifier: identifier(['Nip', 'Pesel', 'Fingerprint']),
}
const grantBody = object(['contextIdentifier', 'authorizedIdentifier', 'permissions'], {
  ...parties,
  permissions: {
    type: 'array',
    minItems: 1,
    items: object(['permissionType', 'description'], {
      permissionType: { type: 'string', enum: PERMISSIONS },
      description,
    }),
  },
})
const revokeBody = object(['contextIdentifier', 'authorizedIdentifier'], parties)
const blockBody = object(['contextIdentifier'], {
  contextIdentifier: identifier(['Nip', 'InternalId', 'NipVatUe', 'PeppolId']),
})
const withdrawalBody = object(['nip'], {
  nip,
  expectedEndDate: { type: 'string', format: 'date', nullable: true },
})
const byNip = (member: string) => object([member], { [member]: nip })

/** A fingerprint is compared as KSeF writes it: upper-case hexadecimal. */
const normal = (subject: Subject): Subject =>
  subject.type === 'Fingerprint' ? { ...subject, value: subject.value.toUpperCase() } : subject

/** Test data may have been made in the past, for stories that begin there. */
const madeAt = (world: World, { createdDate: date }: { createdDate?: string | null }): Date =>
  date == null ? world.clock.now() : new Date(date)

function attachments(app: FastifyInstance, world: World): void {
  type Consent = { Body: { nip: string; expectedEndDate?: string | null } }
  app.post<Consent>('/testdata/attachment', { schema: { body: byNip('nip') } }, (request, reply) => {
    world.attachmentConsents.give(request.body.nip)
    return reply.send()
  })
  app.post<Consent>('/testdata/attachment/revoke', { schema: { body: withdrawalBody } }, (request, reply) => {
    const { nip: taxpayer, expectedEndDate } = request.body
    const end = expectedEndDate == null ? world.clock.now() : new Date(expectedEndDate)
    world.attachmentConsents.withdraw(taxpayer, end)
    return reply.send()
  })
}

function subjects(app: FastifyInstance, world: World): void {
  app.post<{ Body: SubjectBody }>(
    '/testdata/subject',
    { schema: { body: subjectBody } },
    (request, reply) => {
      const { subjectNip, subjectType, subunits, description: about } = request.body
      if (world.testSubjects.has(subjectNip)) throw new KsefRefusal(30001)
      world.testSubjects.set(subjectNip, {
        subjectType,
        subunits: subunits ?? [],
        description: about,
        createdDate: madeAt(world, request.body),
      })
      return reply.send()
    },
  )

  const schema = { body: byNip('subjectNip') }
  app.post<{ Body: SubjectBody }>('/testdata/subject/remove', { schema }, (request, reply) => {
    world.testSubjects.delete(request.body.subjectNip)
    return reply.send()
  })

  app.post<{ Body: PersonBody }>('/testdata/person', { schema: { body: personBody } }, (request, reply) => {
    const { nip: personNip, pesel, isBailiff, isDeceased = false, description: about } = request.body
    const person = { nip: personNip, pesel, isBailiff, isDeceased, description: about }
    if (!world.permissions.addPerson({ ...person, createdDate: madeAt(world, request.body) }))
      throw new KsefRefusal(30001)
    return reply.send()
  })

  app.post<{ Body: { nip: string } }>(
    '/testdata/person/remove',
    { schema: { body: byNip('nip') } },
    (request, reply) => {
      world.permissions.removePerson(request.body.nip)
      return reply.send()
    },
  )
}

export function testData(app: FastifyInstance, world: World): void {
  subjects(app, world)
  attachments(app, world)
  app.post<{ Body: GrantBody }>(
    '/testdata/permissions',
    { schema: { body: grantBody } },
    (request, reply) => {
      const { contextIdentifier, authorizedIdentifier, permissions } = request.body
      world.permissions.grant(contextIdentifier, normal(authorizedIdentifier), permissions)
      return reply.send()
    },
  )

  app.post<{ Body: GrantBody }>(
    '/testdata/permissions/revoke',
    { schema: { body: revokeBody } },
    (request, reply) => {
      const { contextIdentifier, authorizedIdentifier } = request.body
      world.permissions.revoke(contextIdentifier, normal(authorizedIdentifier))
      return reply.send()
    },
  )

  app.post<{ Body: BlockBody }>(
    '/testdata/context/block',
    { schema: { body: blockBody } },
    (request, reply) => {
      if (request.body.contextIdentifier != null)
        world.blockedContexts.add(keyOf(request.body.contextIdentifier))
      return reply.send()
    },
  )

  app.post<{ Body: BlockBody }>(
    '/testdata/context/unblock',
    { schema: { body: blockBody } },
    (request, reply) => {
      if (request.body.contextIdentifier != null)
        world.blockedContexts.delete(keyOf(request.body.contextIdentifier))
      return reply.send()
    },
  )
}
