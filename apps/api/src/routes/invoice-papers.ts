/** Invoices and receipts for people who read paper: PDF, HTML, and the QR code to print elsewhere. */
import { createHash } from 'node:crypto'
import {
  actorOf,
  FleetError,
  readInvoiceWithXml,
  readSubmission,
  readUpo,
  type Submission,
  signCode,
} from '@ksef-fleet/core'
import { invoiceLink, QR_LABELS, type QrCode } from '@ksef-fleet/ksef'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { InvoicePath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import type { PrintTask } from '../printing-thread.ts'
import { callerOf } from '../request-context.ts'
import { answer, problems } from './documented.ts'

const tags = ['papers']
const MEDIA_TYPES = {
  pdf: 'application/pdf',
  html: 'text/html; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
} as const

const PaperQuery = z.object({
  lang: z
    .enum(['pl', 'en'])
    .default('pl')
    .meta({ description: 'The language of labels; values stay as they are.' }),
})
const CodeQuery = z.object({
  format: z.enum(['png', 'svg']).default('png'),
  code: z
    .enum(['1', '2'])
    .default('1')
    .meta({
      description:
        '`1`: KOD I, which leads to the invoice in KSeF. `2`: KOD II of an invoice issued offline, which proves its issuer; signed with ' +
        'the certificate of type Offline of the company, or of the provider.',
    }),
})
const Bytes = z.string().meta({ format: 'binary' })

const FORMS = ['pdf', 'html'] as const

const named = ({ companyId, invoiceId }: z.infer<typeof InvoicePath>) => ({
  companyId,
  submissionId: invoiceId,
})

/** `/v1/companies/{companyId}/invoices/{invoiceId}`: as paper. */
export const invoicePapers =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const as of FORMS) {
      app.get(
        `/companies/:companyId/invoices/:invoiceId/${as}`,
        {
          schema: {
            tags,
            operationId: as === 'pdf' ? 'printInvoicePdf' : 'printInvoiceHtml',
            summary: `The invoice as ${as.toUpperCase()}, with all that is in its XML and its QR code.`,
            params: InvoicePath,
            querystring: PaperQuery,
            response: {
              200: answer('The invoice.', Bytes, MEDIA_TYPES[as]),
              ...problems(
                'NOT_FOUND',
                'DOCUMENT_ERASED',
                'SECRET_UNAVAILABLE',
                'SECRET_BROKEN',
                'OVERLOADED',
              ),
            },
          },
        },
        async (request, reply) => {
          const { submission, document } = await readInvoiceWithXml(deps, named(request.params))
          const paper = {
            xml: document.content,
            language: request.query.lang,
            ...standingOf(submission),
            codes: await codesOnPaper(deps, request, submission),
          }
          return sendPrint(
            deps,
            { request, reply },
            { task: { as, paper }, name: nameOf('invoice', submission) },
          )
        },
      )

      app.get(
        `/companies/:companyId/invoices/:invoiceId/upo/${as}`,
        {
          schema: {
            tags,
            operationId: as === 'pdf' ? 'printUpoPdf' : 'printUpoHtml',
            summary: `The UPO as ${as.toUpperCase()}. The receipt itself is the XML at \`upo\`.`,
            params: InvoicePath,
            querystring: PaperQuery,
            response: {
              200: answer('The UPO.', Bytes, MEDIA_TYPES[as]),
              ...problems('NOT_FOUND', 'UPO_NOT_YET', 'DOCUMENT_ERASED', 'OVERLOADED'),
            },
          },
        },
        async (request, reply) => {
          const { content: xml } = await readUpo(deps, named(request.params))
          const paper = { xml, language: request.query.lang }
          const name = `upo-${request.params.invoiceId}`
          return sendPrint(deps, { request, reply }, { task: { as, paper }, name })
        },
      )
    }
  }

/** Its code alone, for papers that others make. */
export const invoiceCodes =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/companies/:companyId/invoices/:invoiceId/qr',
      {
        schema: {
          tags,
          operationId: 'readInvoiceQr',
          summary:
            'A QR code of an invoice with its label beneath: the KSeF number, or OFFLINE before there is one; CERTYFIKAT beneath KOD II.',
          params: InvoicePath,
          querystring: CodeQuery,
          response: {
            200: {
              description: 'The picture.',
              content: { [MEDIA_TYPES.png]: { schema: Bytes }, [MEDIA_TYPES.svg]: { schema: Bytes } },
            },
            ...problems(
              'NOT_FOUND',
              'QR_CODE_POINTLESS',
              'QR_CODE_TOTAL_FAILURE',
              'QR_CODE_ONLINE',
              'QR_CERTIFICATE_MISSING',
              'SECRET_UNAVAILABLE',
              'SECRET_BROKEN',
              'DOCUMENT_ERASED',
              'OVERLOADED',
            ),
          },
        },
      },
      async (request, reply) => {
        const submission = await readSubmission(deps, named(request.params))
        assertHasCodes(submission)
        const { format: as, code: which } = request.query
        const code =
          which === '1'
            ? kodI(submission, deps.qrBaseUrl)
            : await signCode(deps, { submission, ...signerOf(request) })
        const name = nameOf(which === '1' ? 'qr' : 'qr-2', submission)
        return sendPrint(deps, { request, reply }, { task: { as, code }, name })
      },
    )
  }

/** What the reader is told before everything else. */
const standingOf = ({ state, ksefNumber }: Submission) => {
  if (ksefNumber !== null) return { ksefNumber }
  return { notice: state === 'rejected' ? 'rejected' : 'notRegistered' } as const
}

/** A document that KSeF refused is found under no code, and one of a total failure bears none. */
function assertHasCodes({ state, offlineMode }: Submission): void {
  if (offlineMode === 'totalFailure') throw new FleetError('QR_CODE_TOTAL_FAILURE')
  if (state === 'rejected') throw new FleetError('QR_CODE_POINTLESS')
}

const kodI = (submission: Submission, qrBaseUrl: string): QrCode => ({
  link: invoiceLink(qrBaseUrl, submission),
  label: submission.ksefNumber ?? QR_LABELS.withoutNumber,
})

const signerOf = (request: FastifyRequest) => ({ actor: actorOf(callerOf(request)), requestId: request.id })

/** Issued offline, an invoice bears both codes until it has its number; KOD II where there is a certificate to sign it with. */
async function codesOnPaper(
  deps: ApiDependencies,
  request: FastifyRequest,
  submission: Submission,
): Promise<QrCode[]> {
  const { state, offlineMode, ksefNumber } = submission
  if (state === 'rejected' || offlineMode === 'totalFailure') return []
  const first = kodI(submission, deps.qrBaseUrl)
  if (offlineMode === null || ksefNumber !== null) return [first]
  try {
    return [first, await signCode(deps, { submission, ...signerOf(request) })]
  } catch (error) {
    if (error instanceof FleetError && error.code === 'QR_CERTIFICATE_MISSING') return [first]
    throw error
  }
}

const nameOf = (what: string, { ksefNumber, id }: Submission): string => `${what}-${ksefNumber ?? id}`

/** The same print has the same tag: whoever has it already is told so. */
async function sendPrint(
  deps: Pick<ApiDependencies, 'print'>,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  { task, name }: { task: PrintTask; name: string },
): Promise<FastifyReply> {
  const { content, policy } = await deps.print(task)
  const tag = `"${createHash('sha256').update(content).digest('base64url')}"`
  reply
    .header('cache-control', 'private, no-cache')
    .header('etag', tag)
    .header('content-security-policy', `${policy}; frame-ancestors 'none'; sandbox`)
    .header('content-disposition', `inline; filename="${name}.${task.as}"`)
  const known = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
  if (known.includes(tag)) return reply.code(304).send()
  return reply.type(MEDIA_TYPES[task.as]).send(content)
}
