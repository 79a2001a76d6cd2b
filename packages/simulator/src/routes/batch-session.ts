import type { FastifyInstance, FastifyRequest } from 'fastify'
import { COMPRESSION_TYPES, type CompressionType } from '../archive/compression.ts'
import {
  type Batch,
  type DeclaredPart,
  MINUTES_PER_PART,
  PACKAGE_BYTES_MAX,
  PART_BYTES_MAX,
  PARTS_MAX,
} from '../batch/batch.ts'
import { type BatchSession, processBatch } from '../batch/processing.ts'
import { later } from '../clock.ts'
import { hasFeature } from '../feature-header.ts'
import { type Access, admit } from '../gate.ts'
import { type FormCode, findForm } from '../invoice/form-code.ts'
import { IDENTIFIER_VALIDATION } from '../invoice/identifier-checks.ts'
import { delayOf } from '../processing-delays.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { KsefRefusal } from '../refusal.ts'
import { formCode, object, type SessionPath, sessionPath, sha256 } from '../request-schemas.ts'
import { type EncryptionInfo, encryptionInfo, unwrapKey } from '../session-key.ts'
import { phaseOf } from '../session-phase.ts'
import type { SendingSession } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { originOf } from './session-status.ts'

/** Official tag "Wysyłka wsadowa" (sesja-wsadowa.md). */
type Opening = {
  formCode: FormCode
  batchFile: {
    fileSize: number
    fileHash: string
    compressionType?: CompressionType | null
    fileParts: DeclaredPart[]
  }
  encryption: EncryptionInfo
  offlineMode?: boolean
}

const size = { type: 'integer', minimum: 1 }
const opening = object(['formCode', 'batchFile', 'encryption'], {
  formCode,
  batchFile: object(['fileSize', 'fileHash', 'fileParts'], {
    fileSize: { ...size, maximum: PACKAGE_BYTES_MAX },
    fileHash: sha256,
    compressionType: { type: 'string', enum: [...COMPRESSION_TYPES, null], nullable: true },
    fileParts: {
      type: 'array',
      minItems: 1,
      items: object(['ordinalNumber', 'fileSize', 'fileHash'], {
        ordinalNumber: size,
        fileSize: size,
        fileHash: sha256,
      }),
    },
  }),
  encryption: encryptionInfo,
  offlineMode: { type: 'boolean' },
})

const MAY_SEND = { anyOf: ['InvoiceWrite', 'EnforcementOperations'] }
const UPLOAD_HEADERS = { 'x-ms-blob-type': 'BlockBlob' }

/** @throws KsefRefusal 21161 too many parts, 21157 a part too large, 21405 parts that are not numbered from 1 on */
function readParts(declared: readonly DeclaredPart[]): DeclaredPart[] {
  if (declared.length > PARTS_MAX)
    throw new KsefRefusal(21161, `Paczka może mieć najwyżej ${PARTS_MAX} części.`)
  const parts = [...declared].sort((a, b) => a.ordinalNumber - b.ordinalNumber)
  for (const [index, { ordinalNumber, fileSize }] of parts.entries()) {
    if (ordinalNumber !== index + 1)
      throw new KsefRefusal(21405, 'fileParts: części muszą być ponumerowane kolejno od 1.')
    if (fileSize > PART_BYTES_MAX)
      throw new KsefRefusal(21157, `Część '${ordinalNumber}' przekracza ${PART_BYTES_MAX} bajtów.`)
  }
  return parts.map(({ ordinalNumber, fileSize, fileHash }) => ({ ordinalNumber, fileSize, fileHash }))
}

function openSession(world: World, access: Access, body: Opening): SendingSession & { batch: Batch } {
  const form = findForm(body.formCode)
  if (form === undefined) throw new KsefRefusal(21405, 'Wskazany kod formularza nie jest wspierany.')
  const { fileSize, fileHash, compressionType, fileParts } = body.batchFile
  const parts = readParts(fileParts)
  const symmetricKey = unwrapKey(world, body.encryption)
  const dateCreated = world.clock.now()
  const batch: Batch = {
    fileSize,
    fileHash,
    compressionType: compressionType ?? 'Zip',
    offlineMode: body.offlineMode ?? false,
    parts,
    uploads: new Map(),
  }
  const session = {
    referenceNumber: newReferenceNumber('SB', dateCreated, world.randomness),
    upoReferenceNumber: newReferenceNumber('EU', dateCreated, world.randomness),
    context: access.context,
    author: access.subject,
    authentication: access.authentication,
    form,
    dateCreated,
    validUntil: later(dateCreated, parts.length * MINUTES_PER_PART * 60_000),
    invoices: [],
    batch,
    ...(symmetricKey === undefined ? {} : { symmetricKey }),
  }
  world.sessions.add(session)
  return session
}

/** @throws KsefRefusal 21205 a part is missing, 21157 a part has another size than declared */
function checkUploads({ parts, uploads }: Batch): void {
  for (const { ordinalNumber, fileSize } of parts) {
    const upload = uploads.get(ordinalNumber)
    if (upload === undefined)
      throw new KsefRefusal(21205, `Nie przesłano zadeklarowanej '${ordinalNumber}' części pliku.`)
    if (upload.size !== fileSize) {
      const detail = `Zadeklarowany rozmiar części '${ordinalNumber}' nie zgadza się z rzeczywistym.`
      throw new KsefRefusal(21157, detail)
    }
  }
}

function closableSession(world: World, access: Access, referenceNumber: string): BatchSession {
  const session = world.sessions.find(access.context, referenceNumber)
  const batch = session?.batch
  if (session === undefined || batch === undefined) {
    throw new KsefRefusal(21173, `Sesja o numerze referencyjnym ${referenceNumber} nie została znaleziona.`)
  }
  const now = world.clock.now()
  if (session.closedAt === undefined && now >= session.validUntil)
    throw new KsefRefusal(21208, 'Sesja anulowana, przekroczony czas wysyłki.')
  const { code } = phaseOf(session, now, delayOf(world.settings, 'session'))
  if (code !== 100) throw new KsefRefusal(21180, `Status sesji ${code} uniemożliwia jej zamknięcie.`)
  checkUploads(batch)
  return Object.assign(session, { batch, closedAt: now })
}

export function batchSession(app: FastifyInstance, world: World): void {
  app.post<{ Body: Opening }>('/sessions/batch', { schema: { body: opening } }, async (request, reply) => {
    const session = openSession(world, await admit(world, request, MAY_SEND), request.body)
    session.checksIdentifiers = hasFeature(request, IDENTIFIER_VALIDATION)
    const { referenceNumber, validUntil } = session
    const origin = originOf(request)
    const partUploadRequests = session.batch.parts.map(({ ordinalNumber }) => ({
      ordinalNumber,
      method: 'PUT',
      url: origin + world.storageLinks.sign(`batch/${referenceNumber}/${ordinalNumber}`, 'w', validUntil),
      headers: UPLOAD_HEADERS,
    }))
    return reply.code(201).send({ referenceNumber, partUploadRequests })
  })

  const schema = { params: sessionPath }
  app.post<{ Params: SessionPath }>(
    '/sessions/batch/:referenceNumber/close',
    { schema },
    async (request: FastifyRequest<{ Params: SessionPath }>, reply) => {
      const access = await admit(world, request, MAY_SEND)
      const session = closableSession(world, access, request.params.referenceNumber)
      world.batchQueue.add((signal) => processBatch({ world, session, signal }))
      return reply.code(204).send()
    },
  )
}
