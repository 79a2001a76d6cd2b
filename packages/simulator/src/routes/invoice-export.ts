import type { FastifyInstance } from 'fastify'
import { COMPRESSION_TYPES, type CompressionType } from '../archive/compression.ts'
import { later } from '../clock.ts'
import { type Access, admit } from '../gate.ts'
import type { MetadataFilters } from '../invoice-metadata.ts'
import { delayOf } from '../processing-delays.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { KsefRefusal } from '../refusal.ts'
import { object, type SessionPath, sessionPath } from '../request-schemas.ts'
import { refuseGone } from '../retention.ts'
import { exportOutcome, runExport } from '../retrieval/exporting.ts'
import { filterBody } from '../retrieval/filters.ts'
import { beginsAfterMark, readRange, select } from '../retrieval/selection.ts'
import { type EncryptionInfo, encryptionInfo, unwrapKey } from '../session-key.ts'
import type { ExportPackage, ExportPart, InvoiceExport } from '../stores/invoice-exports.ts'
import { isRunning } from '../stores/invoice-exports.ts'
import type { World } from '../world.ts'
import { originOf } from './session-status.ts'

/** Official tag "Pobieranie faktur": exports of packages (przyrostowe-pobieranie-faktur.md). */
type ExportBody = {
  encryption: EncryptionInfo
  onlyMetadata?: boolean
  filters: MetadataFilters
  compressionType?: CompressionType | null
}

const exportBody = object(['encryption', 'filters'], {
  encryption: encryptionInfo,
  onlyMetadata: { type: 'boolean' },
  filters: filterBody,
  compressionType: { type: 'string', enum: [...COMPRESSION_TYPES, null], nullable: true },
})

const NEVER = new Date('9999-12-31T00:00:00.000Z')
const MAY_READ = { anyOf: ['InvoiceRead'] }
const AFTER_MARK =
  'Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate przy włączonym restrictToPermanentStorageHwmDate.'

/** @throws KsefRefusal 21181 for a context that stands in no invoice, 21182 with too many exports under way */
function refuseStart(world: World, access: Access, filters: MetadataFilters): void {
  const { context, subject } = access
  if (context.type === 'PeppolId') {
    const detail = `Nie można wyeksportować paczki faktur dla wybranego podmiotu (${filters.subjectType}) i zalogowanego identyfikatora kontekstu (${context.type}).`
    throw new KsefRefusal(21181, detail)
  }
  const { runningExports } = world.settings.retrieval
  if (world.exports.running(context, subject, world.clock.now()) < runningExports) return
  const detail = `Dla uwierzytelnionego podmiotu w bieżącym kontekście osiągnięto maksymalny limit ${runningExports} równoczesnych eksportów faktur. Spróbuj ponownie później.`
  throw new KsefRefusal(21182, detail)
}

function startExport(world: World, access: Access, body: ExportBody): InvoiceExport {
  const { filters, compressionType, onlyMetadata } = body
  const range = readRange(world, filters)
  refuseStart(world, access, filters)
  const symmetricKey = unwrapKey(world, body.encryption)
  const requestedAt = world.clock.now()
  const one: InvoiceExport = {
    referenceNumber: newReferenceNumber('EH', requestedAt, world.randomness),
    context: access.context,
    subject: access.subject,
    requestedAt,
    settlesAt: later(requestedAt, delayOf(world.settings, 'export')),
    compressionType: compressionType ?? 'Zip',
    onlyMetadata: onlyMetadata ?? false,
    ...(symmetricKey === undefined ? {} : { symmetricKey }),
  }
  world.exports.add(one)
  const forced = world.misbehaviours.strike('export-status')
  if (forced?.code === 100) {
    one.settlesAt = forced.forMs === undefined ? NEVER : later(requestedAt, forced.forMs)
  } else if (forced !== undefined) {
    one.outcome = exportOutcome(forced.code, one.settlesAt)
    return one
  }
  if (symmetricKey === undefined) one.outcome = exportOutcome(415, one.settlesAt)
  else if (beginsAfterMark(world, filters)) one.outcome = exportOutcome(420, one.settlesAt, AFTER_MARK)
  else {
    const selection = select(world, { context: access.context, filters, range })
    const { dateType } = filters.dateRange
    const cut = world.misbehaviours.strike('export-truncated')?.invoices
    const invoicesMax = cut ?? world.settings.retrieval.exportInvoices
    const expiresAtOnce = world.misbehaviours.strike('export-expired') !== undefined
    const fault = world.misbehaviours.strike('export-package')?.fault
    const work = { one, selection, dateType, invoicesMax, expiresAtOnce, fault }
    world.exportQueue.add((signal) => runExport(world, work, signal))
  }
  return one
}

function viewPackage(
  made: ExportPackage,
  link: (part: ExportPart) => { url: string; expirationDate: string },
) {
  const { last, hwm, parts, ...counts } = made
  return {
    ...counts,
    parts: parts.map((part) => ({ ...part, method: 'GET', ...link(part) })),
    ...(last === undefined ? {} : { [last.member]: last.date }),
    permanentStorageHwmDate: hwm?.toISOString() ?? null,
  }
}

function viewExport(world: World, one: InvoiceExport, origin: string) {
  const now = world.clock.now()
  const { outcome, compressionType } = one
  if (outcome === undefined || isRunning(one, now))
    return { status: { code: 100, description: 'Eksport faktur w toku' }, compressionType }
  const { code, description, details, completedAt, expiresAt } = outcome
  const common = { completedDate: completedAt.toISOString(), compressionType }
  const life = expiresAt === undefined ? {} : { packageExpirationDate: expiresAt.toISOString() }
  if (expiresAt !== undefined && now >= expiresAt) {
    const status = { code: 210, description: 'Eksport faktur wygasł i nie jest już dostępny do pobrania' }
    return { status, ...common, ...life }
  }
  const status = { code, description, ...(details === undefined ? {} : { details }) }
  if (outcome.package === undefined || expiresAt === undefined) return { status, ...common }
  const linkEnds = world.storageLinks.expiry(world.settings.retrieval.partLinkSeconds)
  const until = new Date(Math.min(linkEnds.getTime(), expiresAt.getTime()))
  const made = viewPackage(outcome.package, ({ partName }) => ({
    url: origin + world.storageLinks.sign(`export/${one.referenceNumber}/${partName}`, 'r', until),
    expirationDate: until.toISOString(),
  }))
  return { status, ...common, ...life, package: made }
}

export function invoiceExport(app: FastifyInstance, world: World): void {
  app.post<{ Body: ExportBody }>(
    '/invoices/exports',
    { schema: { body: exportBody } },
    async (request, reply) => {
      const { referenceNumber } = startExport(world, await admit(world, request, MAY_READ), request.body)
      return reply.code(201).send({ referenceNumber })
    },
  )

  app.get<{ Params: SessionPath }>(
    '/invoices/exports/:referenceNumber',
    { schema: { params: sessionPath } },
    async (request) => {
      const access = await admit(world, request, MAY_READ)
      const one = world.exports.find(access.context, request.params.referenceNumber)
      if (one === undefined) throw new KsefRefusal(21175)
      refuseGone('invoiceExport', one.requestedAt, world.clock.now())
      return viewExport(world, one, originOf(request))
    },
  )
}
