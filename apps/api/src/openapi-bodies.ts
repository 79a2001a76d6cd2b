/**
 * Bodies that are something else in each media type. A route has one schema for its body; files in a form are not one
 * string, and an invoice as JSON is no XML.
 */
import { INVOICE_EXAMPLES, INVOICE_FORMS, INVOICE_RR_EXAMPLES } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { isJsonLines } from './uploads/uploads.ts'

/** Of their JSON. */
const TAKES_INVOICES = new Set(['acceptInvoice', 'validateInvoice'])

const FORM = 'multipart/form-data'
const JSON_TYPE = 'application/json'

/** Registered by their ids, as all components are. */
INVOICE_FORMS['FA (3)'].schema.meta({
  id: 'InvoiceData',
  description:
    'An invoice FA(3) as data. Each field says which element it becomes. Amounts are texts, or numbers of at most 15 ' +
    'digits; null is the same as leaving a field out. Values, totals and annotations that are left out are worked out, and ' +
    'checked where they are given.',
})
INVOICE_FORMS['FA_RR (1)'].schema.meta({
  id: 'InvoiceRrData',
  description:
    'An invoice FA_RR(1) as data: what the company buys from a farmer under the flat rate (art. 116).',
})

const Operations = z.record(
  z.string(),
  z.record(z.string(), z.looseObject({ operationId: z.string(), requestBody: z.unknown().optional() })),
)
const Body = z.looseObject({ content: z.record(z.string(), z.unknown()) })

const files = { type: 'array', items: { type: 'string', format: 'binary' } }
const FILES = { schema: { type: 'object', properties: { files }, additionalProperties: files } }

const reference = (id: string) => ({ $ref: `#/components/schemas/${id}Input` })
const INVOICE = {
  schema: { oneOf: ['InvoiceData', 'InvoiceRrData'].map(reference) },
  examples: Object.fromEntries(
    Object.entries({ ...INVOICE_EXAMPLES, ...INVOICE_RR_EXAMPLES }).map(([kind, value]) => [
      kind,
      { summary: `Of kind ${kind}`, value },
    ]),
  ),
}

/** One invoice as JSON on each line; OpenAPI 3.1 has no schema for what is not one value. */
const LINES = {
  schema: { type: 'string', description: 'On each line an invoice as `POST …/invoices` takes it as JSON.' },
  examples: {
    two: {
      summary: 'Two invoices',
      value: [INVOICE_EXAMPLES.VAT, INVOICE_EXAMPLES.UPR].map((data) => `${JSON.stringify(data)}\n`).join(''),
    },
  },
}

const contentOf = (operationId: string, content: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(content).map(([type, described]) => {
      if (type === FORM) return [type, FILES]
      if (isJsonLines(type)) return [type, LINES]
      return [type, type === JSON_TYPE && TAKES_INVOICES.has(operationId) ? INVOICE : described]
    }),
  )

/** @param document before its components are put in order */
export function describeBodies<Document extends object>(document: Document): Document {
  const { paths } = z.looseObject({ paths: Operations }).parse(document)
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const body = Body.safeParse(operation.requestBody)
    if (!body.success) continue
    operation.requestBody = { ...body.data, content: contentOf(operation.operationId, body.data.content) }
  }
  return { ...document, paths }
}
