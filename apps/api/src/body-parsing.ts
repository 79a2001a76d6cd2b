/**
 * Which bodies are taken. JSON in most places, an invoice as XML or JSON in one, a batch in another; nothing else compressed, nothing by guess. Limits are
 * set here because Fastify's default of 1 MiB would let small routes be flooded and refuse a lawful invoice with
 * attachment without saying why.
 */
import { FleetError } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { UPLOAD_TYPES } from './uploads/uploads.ts'

export const JSON_BYTES_MAX = 65_536

export const INVOICE_TYPES = ['application/xml', 'application/json']
/** Above KSeF's 3,000,000, so that an invoice somewhat too large is told its own size and not a bare 413. */
export const INVOICE_BODY_BYTES_MAX = 3_100_000

const UTF_8 = /;\s*charset\s*=\s*"?utf-?8"?\s*(;|$)/i

/** JSON and nothing else, on this instance and below. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit: JSON_BYTES_MAX },
    (request, body, done) => {
      // Clients that name a content type and send nothing mean no body.
      if (body === '') done(null, undefined)
      else void parse(request, body, done)
    },
  )
}

export const isJson = (type = ''): boolean => /^application\/json\b/i.test(type.trim())

/** An invoice, as XML or as JSON: the bytes that came, and nothing else, on this instance and below. */
export function takeInvoices(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    INVOICE_TYPES,
    { parseAs: 'buffer', bodyLimit: INVOICE_BODY_BYTES_MAX },
    async (request: FastifyRequest, body: Buffer) => {
      const type = request.headers['content-type'] ?? ''
      if (/charset/i.test(type) && !UTF_8.test(type)) {
        throw new FleetError('MEDIA_TYPE_UNSUPPORTED', {
          detail: 'An invoice is UTF-8; the header names another charset.',
        })
      }
      return body
    },
  )
}

/** Uploads of many invoices as the stream that comes, unread. */
export function takeUploads(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  for (const type of Object.keys(UPLOAD_TYPES)) {
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload))
  }
}

/** A compressed body would be other bytes than those that KSeF shall get, and could be any size unpacked. */
export function refuseEncodedBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      throw new FleetError('MEDIA_TYPE_UNSUPPORTED', { detail: 'The body is compressed; send it as it is.' })
    }
  })
}

/** For actions that take no body, so that nobody believes theirs was read. */
export async function refuseBody(request: FastifyRequest): Promise<void> {
  const { body } = request
  const isEmpty =
    body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0)
  if (!isEmpty) throw new FleetError('REQUEST_INVALID', { detail: 'This request takes no body.' })
}
