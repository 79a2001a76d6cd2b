import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { later } from '../clock.ts'
import { pageOf } from '../continuation.ts'
import { type Access, admit } from '../gate.ts'
import { sameIdentity } from '../identity.ts'
import { sha256Base64 } from '../invoice/decryption.ts'
import { delayOf } from '../processing-delays.ts'
import { KsefRefusal } from '../refusal.ts'
import { object, pageSize, referenceNumber, type SessionPath, sessionPath } from '../request-schemas.ts'
import { countInvoices, phaseOf } from '../session-phase.ts'
import { viewInvoice, viewSession, viewSessionRow } from '../session-view.ts'
import type { SendingSession, SentInvoice } from '../stores/sessions.ts'
import { invoiceUpo, sessionUpo, upoPageCount, upoPageReference } from '../upo.ts'
import type { World } from '../world.ts'

/** Official tag "Status wysyłki i UPO" (sesja-sprawdzenie-stanu-i-pobranie-upo.md). */
type InvoicePath = SessionPath & { invoiceReferenceNumber: string }
type Paging = { pageSize: number }
type SessionFilters = Paging & {
  sessionType: string
  referenceNumber?: string
  statuses?: string | string[]
} & Partial<Record<`date${'Created' | 'Closed' | 'Modified'}${'From' | 'To'}`, string>>

const MAY_READ = { anyOf: ['InvoiceWrite', 'Introspection', 'PefInvoiceWrite', 'EnforcementOperations'] }
const MAY_LIST = { anyOf: ['InvoiceWrite', 'Introspection', 'EnforcementOperations'] }
const moment = { type: 'string', format: 'date-time' }
const COMMON_STATUS: Record<number, string> = {
  100: 'InProgress',
  150: 'InProgress',
  170: 'InProgress',
  200: 'Succeeded',
  440: 'Cancelled',
}

const sessionFilters = object(['sessionType'], {
  pageSize: pageSize(1000),
  sessionType: { type: 'string', enum: ['Online', 'Batch'] },
  referenceNumber,
  statuses: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  dateCreatedFrom: moment,
  dateCreatedTo: moment,
  dateClosedFrom: moment,
  dateClosedTo: moment,
  dateModifiedFrom: moment,
  dateModifiedTo: moment,
})

export const originOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`

const continuationOf = (request: FastifyRequest): string | undefined =>
  request.headers['x-continuation-token']?.toString()

export function sendXml(reply: FastifyReply, xml: Buffer): FastifyReply {
  return reply.header('x-ms-meta-hash', sha256Base64(xml)).type('application/xml').send(xml)
}

function sessionIn(world: World, access: Access, reference: string): SendingSession {
  const session = world.sessions.find(access.context, reference)
  if (session !== undefined) return session
  throw new KsefRefusal(21173, `Sesja o numerze referencyjnym ${reference} nie została znaleziona.`)
}

const within = (at: Date | undefined, from?: string, to?: string): boolean =>
  (from === undefined || (at !== undefined && at >= new Date(from))) &&
  (to === undefined || (at !== undefined && at <= new Date(to)))

function matches(world: World, session: SendingSession, query: SessionFilters): boolean {
  const phase = phaseOf(session, world.clock.now(), delayOf(world.settings, 'session'))
  const statuses = [query.statuses ?? []].flat()
  return (
    query.sessionType === (session.batch === undefined ? 'Online' : 'Batch') &&
    (query.referenceNumber ?? session.referenceNumber) === session.referenceNumber &&
    (statuses.length === 0 || statuses.includes(COMMON_STATUS[phase.code] ?? 'Failed')) &&
    within(session.dateCreated, query.dateCreatedFrom, query.dateCreatedTo) &&
    within(session.closedAt, query.dateClosedFrom, query.dateClosedTo) &&
    within(phase.dateUpdated, query.dateModifiedFrom, query.dateModifiedTo)
  )
}

function sessionRoutes(app: FastifyInstance, world: World): void {
  app.get<{ Querystring: SessionFilters }>(
    '/sessions',
    { schema: { querystring: sessionFilters } },
    async (request) => {
      const access = await admit(world, request, MAY_LIST)
      const seesAll = ['Introspection', 'EnforcementOperations'].some((right) =>
        access.permissions.includes(right),
      )
      const rows = world.sessions
        .inContext(access.context)
        .filter((session) => seesAll || sameIdentity(session.author, access.subject))
        .filter((session) => matches(world, session, request.query))
        .sort((a, b) => b.dateCreated.getTime() - a.dateCreated.getTime())
      const page = pageOf(rows, request.query.pageSize, continuationOf(request))
      const sessions = page.rows.map((session) => viewSessionRow(world, session))
      return { continuationToken: page.continuationToken, sessions }
    },
  )

  app.get<{ Params: SessionPath }>(
    '/sessions/:referenceNumber',
    { schema: { params: sessionPath } },
    async (request) => {
      const access = await admit(world, request, MAY_READ)
      return viewSession(world, sessionIn(world, access, request.params.referenceNumber), originOf(request))
    },
  )
}

function invoiceListRoutes(app: FastifyInstance, world: World): void {
  const schema = { params: sessionPath, querystring: object([], { pageSize: pageSize(1000) }) }
  const list = async (
    request: FastifyRequest<{ Params: SessionPath; Querystring: Paging }>,
    shows: (invoice: SentInvoice, now: Date) => boolean,
  ) => {
    const access = await admit(world, request, MAY_READ)
    const session = sessionIn(world, access, request.params.referenceNumber)
    const now = world.clock.now()
    const lagMs = world.settings.listLagMs
    const rows = session.invoices.filter((one) => later(one.receivedAt, lagMs) <= now && shows(one, now))
    const page = pageOf(rows, request.query.pageSize, continuationOf(request))
    const origin = originOf(request)
    return {
      continuationToken: page.continuationToken,
      invoices: page.rows.map((invoice) => viewInvoice(world, invoice, origin)),
    }
  }
  app.get<{ Params: SessionPath; Querystring: Paging }>(
    '/sessions/:referenceNumber/invoices',
    { schema },
    (request) => list(request, () => true),
  )
  app.get<{ Params: SessionPath; Querystring: Paging }>(
    '/sessions/:referenceNumber/invoices/failed',
    { schema },
    (request) => list(request, (invoice, now) => now >= invoice.settlesAt && invoice.verdict.code !== 200),
  )
}

const invoicePath = object(['referenceNumber', 'invoiceReferenceNumber'], {
  referenceNumber,
  invoiceReferenceNumber: referenceNumber,
})

function invoiceIn(session: SendingSession, reference: string): SentInvoice {
  const invoice = session.invoices.find((one) => one.referenceNumber === reference)
  if (invoice !== undefined) return invoice
  throw new KsefRefusal(21405, `Faktura o numerze referencyjnym ${reference} nie została znaleziona.`)
}

/** The invoice's receipt, or 21178 while there is none to give. */
function upoOf(world: World, session: SendingSession, invoice: SentInvoice | undefined): Buffer {
  const { accepted, settlesAt } = invoice ?? {}
  if (accepted !== undefined && settlesAt !== undefined && world.clock.now() >= settlesAt)
    return invoiceUpo(session, accepted)
  throw new KsefRefusal(21178, `UPO dla sesji ${session.referenceNumber} nie zostało znalezione.`)
}

function sessionReceipt(world: World, session: SendingSession, page: number): Buffer {
  const { code } = phaseOf(session, world.clock.now(), delayOf(world.settings, 'session'))
  if (code === 200) return sessionUpo(session, page)
  throw new KsefRefusal(21178, `UPO dla sesji ${session.referenceNumber} nie zostało znalezione.`)
}

function invoiceRoutes(app: FastifyInstance, world: World): void {
  const schema = { params: invoicePath }
  const base = '/sessions/:referenceNumber/invoices'
  app.get<{ Params: InvoicePath }>(`${base}/:invoiceReferenceNumber`, { schema }, async (request) => {
    const access = await admit(world, request, MAY_READ)
    const session = sessionIn(world, access, request.params.referenceNumber)
    return viewInvoice(world, invoiceIn(session, request.params.invoiceReferenceNumber), originOf(request))
  })

  app.get<{ Params: InvoicePath }>(
    `${base}/:invoiceReferenceNumber/upo`,
    { schema },
    async (request, reply) => {
      const access = await admit(world, request, MAY_READ)
      const session = sessionIn(world, access, request.params.referenceNumber)
      return sendXml(reply, upoOf(world, session, invoiceIn(session, request.params.invoiceReferenceNumber)))
    },
  )

  type KsefPath = SessionPath & { ksefNumber: string }
  app.get<{ Params: KsefPath }>(`${base}/ksef/:ksefNumber/upo`, async (request, reply) => {
    const access = await admit(world, request, MAY_READ)
    const { referenceNumber, ksefNumber } = request.params
    const session = world.sessions.find(access.context, referenceNumber)
    const invoice = session?.invoices.find((one) => one.accepted?.ksefNumber === ksefNumber)
    if (session === undefined)
      throw new KsefRefusal(21178, `UPO o numerze KSeF ${ksefNumber} nie zostało znalezione.`)
    return sendXml(reply, upoOf(world, session, invoice))
  })

  type UpoPath = SessionPath & { upoReferenceNumber: string }
  app.get<{ Params: UpoPath }>(
    '/sessions/:referenceNumber/upo/:upoReferenceNumber',
    async (request, reply) => {
      const access = await admit(world, request, MAY_READ)
      const session = sessionIn(world, access, request.params.referenceNumber)
      const pages = upoPageCount(countInvoices(session, world.clock.now()).successful)
      const numbers = Array.from({ length: pages }, (_, index) => upoPageReference(session, index + 1))
      const page = numbers.indexOf(request.params.upoReferenceNumber) + 1
      if (page === 0) throw new KsefRefusal(21178)
      return sendXml(reply, sessionReceipt(world, session, page))
    },
  )
}

export function sessionStatus(app: FastifyInstance, world: World): void {
  sessionRoutes(app, world)
  invoiceListRoutes(app, world)
  invoiceRoutes(app, world)
}
