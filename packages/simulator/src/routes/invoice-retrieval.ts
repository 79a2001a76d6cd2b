import type { FastifyInstance } from 'fastify'
import { type Access, admit } from '../gate.ts'
import { concerns, describeInvoice, type MetadataFilters } from '../invoice-metadata.ts'
import { KsefRefusal } from '../refusal.ts'
import { object, pageSize } from '../request-schemas.ts'
import { filterBody } from '../retrieval/filters.ts'
import { beginsAfterMark, readRange, select } from '../retrieval/selection.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { sendXml } from './session-status.ts'

/** Official tag "Pobieranie faktur" (pobieranie-faktur.md): single documents and metadata. */
type Paging = { sortOrder?: 'Asc' | 'Desc'; pageOffset: number; pageSize: number }

const MAY_READ = { anyOf: ['InvoiceRead'] }
const AFTER_MARK =
  'Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate przy włączonym restrictToPermanentStorageHwmDate.'

const paging = object([], {
  sortOrder: { type: 'string', enum: ['Asc', 'Desc'] },
  pageOffset: { type: 'integer', minimum: 0, default: 0 },
  pageSize: pageSize(250),
})

const ROLES = ['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized'] as const

function findInvoice(world: World, access: Access, ksefNumber: string): AcceptedInvoice {
  const invoice = world.register.findByKsefNumber(ksefNumber)
  const now = world.clock.now()
  const concerned = invoice !== undefined && ROLES.some((role) => concerns(invoice, access.context, role))
  if (invoice === undefined || !concerned || now < invoice.acquisitionDate) {
    throw new KsefRefusal(21164, `Faktura o numerze KSeF ${ksefNumber} nie została znaleziona.`)
  }
  if (now < invoice.permanentStorageDate) {
    const detail = `Faktura o numerze KSeF ${ksefNumber} została przetworzona, ale nie jest jeszcze dostępna do pobrania. Spróbuj ponownie później.`
    throw new KsefRefusal(21165, detail)
  }
  return invoice
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
      const filters = request.body
      const range = readRange(world, filters)
      if (beginsAfterMark(world, filters)) throw new KsefRefusal(21183, AFTER_MARK)
      const { pageOffset, pageSize: size, sortOrder } = request.query
      const { invoices, hwm } = select(world, { context: access.context, filters, range })
      if (sortOrder === 'Desc') invoices.reverse()
      const { queryRecords } = world.settings.retrieval
      const reachable = invoices.slice(0, queryRecords)
      const end = (pageOffset + 1) * size
      const hasMore = Math.min(end, reachable.length) < invoices.length
      return {
        hasMore,
        isTruncated: hasMore && end >= reachable.length,
        permanentStorageHwmDate: hwm?.toISOString() ?? null,
        invoices: reachable.slice(pageOffset * size, end).map(describeInvoice),
      }
    },
  )
}
