import type { FastifyInstance } from 'fastify'
import { type Access, admit } from '../gate.ts'
import { concerns, dateOf, describeInvoice, type MetadataFilters, passes } from '../invoice-metadata.ts'
import { KsefRefusal } from '../refusal.ts'
import { identifier, object, pageSize } from '../request-schemas.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { sendXml } from './session-status.ts'

/** Official tag "Pobieranie faktur" (pobieranie-faktur.md): single documents and metadata. */
type Paging = { sortOrder?: 'Asc' | 'Desc'; pageOffset: number; pageSize: number }

const RECORDS_MAX = 10_000
const RANGE_DAYS_MAX = 100
const DAY_MS = 24 * 3600 * 1000
const MAY_READ = { anyOf: ['InvoiceRead'] }

const moment = { type: 'string', minLength: 10 }
const optional = (type: string) => ({ type, nullable: true })
const filterBody = object(['subjectType', 'dateRange'], {
  subjectType: { type: 'string', enum: ['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized'] },
  dateRange: object(['dateType', 'from'], {
    dateType: { type: 'string', enum: ['Issue', 'Invoicing', 'PermanentStorage'] },
    from: moment,
    to: { ...moment, nullable: true },
    restrictToPermanentStorageHwmDate: optional('boolean'),
  }),
  ksefNumber: optional('string'),
  invoiceNumber: optional('string'),
  sellerNip: optional('string'),
  amount: { ...object(['type'], { type: { enum: ['Brutto', 'Netto', 'Vat'] } }), nullable: true },
  buyerIdentifier: {
    ...object(['type'], identifier(['Nip', 'VatUe', 'Other', 'None']).properties),
    nullable: true,
  },
  isSelfInvoicing: optional('boolean'),
  hasAttachment: optional('boolean'),
})
const paging = object([], {
  sortOrder: { type: 'string', enum: ['Asc', 'Desc'] },
  pageOffset: { type: 'integer', minimum: 0, default: 0 },
  pageSize: pageSize(250),
})

const ROLES = ['Subject1', 'Subject2', 'Subject3'] as const

function findInvoice(world: World, access: Access, ksefNumber: string): AcceptedInvoice {
  const invoice = world.register.findByKsefNumber(ksefNumber)
  const now = world.clock.now()
  const concerned = invoice !== undefined && ROLES.some((role) => concerns(invoice, access.context, role))
  if (invoice === undefined || !concerned || now < invoice.acquisitionDate) {
    throw new KsefRefusal(21164, `Faktura o numerze KSeF ${ksefNumber} nie została znaleziona.`)
  }
  if (now < invoice.permanentStorageDate) {
    throw new KsefRefusal(
      21165,
      `Faktura o numerze KSeF ${ksefNumber} nie jest jeszcze dostępna do pobrania.`,
    )
  }
  return invoice
}

/** Dates without an offset are Polish local time; whole days come without a time. */
function readRange(range: MetadataFilters['dateRange'], now: Date): void {
  const from = new Date(range.from)
  const to = range.to == null ? now : new Date(range.to)
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()))
    throw new KsefRefusal(21405, 'dateRange: nieprawidłowa data.')
  if (range.to != null && to < from)
    throw new KsefRefusal(21405, 'dateRange.to jest wcześniejsze niż dateRange.from.')
  if (to.getTime() - from.getTime() > RANGE_DAYS_MAX * DAY_MS) {
    throw new KsefRefusal(21405, `dateRange nie może przekraczać ${RANGE_DAYS_MAX} dni.`)
  }
  if (range.restrictToPermanentStorageHwmDate === true && from > now) throw new KsefRefusal(21183)
}

function query(world: World, access: Access, filters: MetadataFilters): AcceptedInvoice[] {
  const now = world.clock.now()
  return [...world.register.all()].filter(
    (invoice) =>
      invoice.permanentStorageDate <= now &&
      concerns(invoice, access.context, filters.subjectType) &&
      passes(invoice, filters, now),
  )
}

export function invoiceRetrieval(app: FastifyInstance, world: World): void {
  app.get<{ Params: { ksefNumber: string } }>('/invoices/ksef/:ksefNumber', async (request, reply) => {
    const access = await admit(world, request, MAY_READ)
    return sendXml(reply, findInvoice(world, access, request.params.ksefNumber).xml)
  })

  app.post<{ Body: MetadataFilters; Querystring: Paging }>(
    '/invoices/query/metadata',
    { schema: { body: filterBody, querystring: paging } },
    async (request) => {
      const access = await admit(world, request, MAY_READ)
      const now = world.clock.now()
      const { dateRange } = request.body
      readRange(dateRange, now)
      const { pageOffset, pageSize: size, sortOrder } = request.query
      const direction = sortOrder === 'Desc' ? -1 : 1
      const rank = (invoice: AcceptedInvoice) => dateOf(invoice, dateRange.dateType).getTime()
      const rows = query(world, access, request.body).sort((a, b) => direction * (rank(a) - rank(b)))
      const reachable = rows.slice(0, RECORDS_MAX)
      const end = (pageOffset + 1) * size
      const hasMore = end < rows.length
      return {
        hasMore,
        isTruncated: hasMore && end >= reachable.length,
        // Everything stored so far is final: what is still being processed gets a later date.
        permanentStorageHwmDate: dateRange.dateType === 'PermanentStorage' ? now.toISOString() : null,
        invoices: reachable.slice(pageOffset * size, end).map(describeInvoice),
      }
    },
  )
}
