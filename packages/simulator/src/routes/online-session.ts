import type { FastifyInstance, FastifyRequest } from 'fastify'
import { later } from '../clock.ts'
import { hasFeature } from '../feature-header.ts'
import { type Access, admit } from '../gate.ts'
import { sha256Base64 } from '../invoice/decryption.ts'
import { type FormCode, findForm } from '../invoice/form-code.ts'
import { IDENTIFIER_VALIDATION } from '../invoice/identifier-checks.ts'
import { delayOf } from '../processing-delays.ts'
import { type Posted, receiveInvoice } from '../reception.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { KsefRefusal } from '../refusal.ts'
import { base64, formCode, object, type SessionPath, sessionPath, sha256 } from '../request-schemas.ts'
import { type EncryptionInfo, encryptionInfo, unwrapKey } from '../session-key.ts'
import { phaseOf } from '../session-phase.ts'
import type { SendingSession } from '../stores/sessions.ts'
import type { World } from '../world.ts'

/** Official tag "Wysyłka interaktywna" (sesja-interaktywna.md). */
type Opening = {
  formCode: FormCode
  encryption: EncryptionInfo
}
type Sending = {
  invoiceHash: string
  invoiceSize: number
  encryptedInvoiceHash: string
  encryptedInvoiceSize: number
  encryptedInvoiceContent: string
  offlineMode?: boolean
  hashOfCorrectedInvoice?: string | null
}

const opening = object(['formCode', 'encryption'], { formCode, encryption: encryptionInfo })
const size = { type: 'integer', minimum: 1 }
const sending = object(
  ['invoiceHash', 'invoiceSize', 'encryptedInvoiceHash', 'encryptedInvoiceSize', 'encryptedInvoiceContent'],
  {
    invoiceHash: sha256,
    invoiceSize: size,
    encryptedInvoiceHash: sha256,
    encryptedInvoiceSize: size,
    encryptedInvoiceContent: base64,
    offlineMode: { type: 'boolean' },
    hashOfCorrectedInvoice: { ...sha256, nullable: true },
  },
)

const MAY_SEND = { anyOf: ['InvoiceWrite', 'PefInvoiceWrite', 'EnforcementOperations'] }
function openSession(world: World, access: Access, body: Opening): SendingSession {
  const form = findForm(body.formCode)
  if (form === undefined) throw new KsefRefusal(21405, 'Wskazany kod formularza nie jest wspierany.')
  const symmetricKey = unwrapKey(world, body.encryption)
  const dateCreated = world.clock.now()
  const session: SendingSession = {
    referenceNumber: newReferenceNumber('SO', dateCreated, world.randomness),
    upoReferenceNumber: newReferenceNumber('EU', dateCreated, world.randomness),
    context: access.context,
    author: access.subject,
    authentication: access.authentication,
    form,
    dateCreated,
    validUntil: later(dateCreated, world.settings.sessionSeconds * 1000),
    invoices: [],
    ...(symmetricKey === undefined ? {} : { symmetricKey }),
  }
  world.sessions.add(session)
  return session
}

function openedSession(world: World, access: Access, referenceNumber: string): SendingSession {
  const session = world.sessions.find(access.context, referenceNumber)
  if (session === undefined || session.batch !== undefined) {
    throw new KsefRefusal(21173, `Sesja o numerze referencyjnym ${referenceNumber} nie została odnaleziona.`)
  }
  const { code } = phaseOf(session, world.clock.now(), delayOf(world.settings, 'session'))
  if (code !== 100) throw new KsefRefusal(21180, `Status sesji ${code} uniemożliwia wykonanie operacji.`)
  return session
}

function readPosted(body: Sending): Posted {
  const ciphertext = Buffer.from(body.encryptedInvoiceContent, 'base64')
  if (ciphertext.length !== body.encryptedInvoiceSize) {
    throw new KsefRefusal(21402, 'Długość treści nie zgadza się z rozmiarem pliku.')
  }
  if (sha256Base64(ciphertext) !== body.encryptedInvoiceHash) {
    throw new KsefRefusal(21403, 'Skrót treści nie zgadza się ze skrótem pliku.')
  }
  const { invoiceHash, invoiceSize, offlineMode = false, hashOfCorrectedInvoice } = body
  return {
    ciphertext,
    invoiceHash,
    invoiceSize,
    offlineMode,
    ...(hashOfCorrectedInvoice == null ? {} : { hashOfCorrectedInvoice }),
  }
}

/**
 * A technical correction replaces an offline invoice that was rejected; one that was accepted, or corrected already,
 * cannot be (korekta-techniczna.md). An original that never arrived is no obstacle: the text asks for nothing of it.
 *
 * @throws KsefRefusal 21405 without offlineMode, 21167 the original was accepted, 21166 it was corrected before
 */
function refuseNeedlessCorrection(world: World, { hashOfCorrectedInvoice, offlineMode }: Posted): void {
  if (hashOfCorrectedInvoice === undefined) return
  if (!offlineMode) throw new KsefRefusal(21405, 'Korekta techniczna wymaga offlineMode równego true.')
  if (world.register.findByHash(hashOfCorrectedInvoice) !== undefined)
    throw new KsefRefusal(21167, 'Nie można wysłać korekty technicznej do prawidłowo przetworzonej faktury.')
  if (world.register.findCorrectionOf(hashOfCorrectedInvoice) !== undefined)
    throw new KsefRefusal(21166, 'Faktura posiada już przetworzoną prawidłowo korektę techniczną.')
}

export function onlineSession(app: FastifyInstance, world: World): void {
  app.post<{ Body: Opening }>('/sessions/online', { schema: { body: opening } }, async (request, reply) => {
    const session = openSession(world, await admit(world, request, MAY_SEND), request.body)
    session.checksIdentifiers = hasFeature(request, IDENTIFIER_VALIDATION)
    const { referenceNumber, validUntil } = session
    return reply.code(201).send({ referenceNumber, validUntil: validUntil.toISOString() })
  })

  const sendSchema = { params: sessionPath, body: sending }
  app.post<{ Params: SessionPath; Body: Sending }>(
    '/sessions/online/:referenceNumber/invoices',
    { schema: sendSchema },
    async (request, reply) => {
      const access = await admit(world, request, MAY_SEND)
      world.ledger.recordPost(request.body.invoiceHash)
      const session = openedSession(world, access, request.params.referenceNumber)
      const { maxInvoices } = world.allowances.ofContext(access.context).onlineSession
      if (session.invoices.length >= maxInvoices) {
        const detail = `Sesja ${session.referenceNumber} osiągnęła dozwolony limit liczby faktur ${maxInvoices}.`
        throw new KsefRefusal(21155, detail)
      }
      const posted = readPosted(request.body)
      refuseNeedlessCorrection(world, posted)
      const { referenceNumber } = receiveInvoice(world, session, posted)
      return reply.code(202).send({ referenceNumber })
    },
  )

  const closeSchema = { params: sessionPath }
  app.post<{ Params: SessionPath }>(
    '/sessions/online/:referenceNumber/close',
    { schema: closeSchema },
    async (request: FastifyRequest<{ Params: SessionPath }>, reply) => {
      const access = await admit(world, request, MAY_SEND)
      openedSession(world, access, request.params.referenceNumber).closedAt = world.clock.now()
      return reply.code(204).send()
    },
  )
}
