import type { FastifyInstance } from 'fastify'
import { later } from '../clock.ts'
import { sha256Base64 } from '../invoice/decryption.ts'
import type { InvoiceFacts } from '../invoice/facts.ts'
import { SUPPORTED_FORMS } from '../invoice/form-code.ts'
import { KsefRefusal } from '../refusal.ts'
import { nip, object } from '../request-schemas.ts'
import type { World } from '../world.ts'

/**
 * Invoices that somebody issued elsewhere, put into the register without a session: thousands at once, and documents that no
 * session would take, as an older or a foreign system may have left them.
 */
export type Issue = {
  /** The document, in which `#number#` stands for the invoice's number; it is not judged. */
  document: string
  count: number
  /** Numbers are this and a running number; no two issues should share it. */
  series: string
  /** Who stands in the invoices, in which role. */
  seller: string
  buyer?: string
  third?: string
  authorized?: string
  /** The permanentStorageDate of the first one; now, when left out. */
  storedFrom?: string
  /** How much later each following one was stored; 1 unless stated. */
  spacingMs?: number
}

export type Issued = { ksefNumber: string; invoiceHash: string }

const [, FORM] = SUPPORTED_FORMS
const NUMBER = '#number#'

function factsOf(issue: Issue, invoiceNumber: string, issueDate: string): InvoiceFacts {
  const { seller, buyer, third, authorized } = issue
  return {
    seller: { nip: seller },
    buyer: { identifier: buyer === undefined ? { type: 'None' } : { type: 'Nip', value: buyer } },
    thirdParties: third === undefined ? [] : [{ identifier: { type: 'Nip', value: third }, role: 2 }],
    ...(authorized === undefined ? {} : { authorized: { nip: authorized, role: 1 } }),
    issueDate,
    invoiceNumber,
    invoiceKind: 'VAT',
    currency: 'PLN',
    netAmount: 100,
    vatAmount: 23,
    grossAmount: 123,
    isSelfInvoicing: false,
    issuedByBuyer: false,
    hasAttachment: false,
  }
}

/** @throws KsefRefusal 21405 for a date that is none */
export function issueInvoices(world: World, issue: Issue): Issued[] {
  const first = issue.storedFrom === undefined ? world.clock.now() : new Date(issue.storedFrom)
  if (Number.isNaN(first.getTime()) || FORM === undefined) throw new KsefRefusal(21405, 'storedFrom')
  return Array.from({ length: issue.count }, (_, index) => {
    const number = `${issue.series}${index + 1}`
    const storedAt = later(first, index * (issue.spacingMs ?? 1))
    const xml = Buffer.from(issue.document.replaceAll(NUMBER, number))
    const accepted = {
      ksefNumber: world.nextKsefNumber(issue.seller, storedAt),
      facts: factsOf(issue, number, storedAt.toISOString().slice(0, 10)),
      xml,
      invoiceHash: sha256Base64(xml),
      invoicingMode: 'Online' as const,
      form: FORM,
      receivedAt: storedAt,
      acquisitionDate: storedAt,
      permanentStorageDate: storedAt,
      sessionReferenceNumber: 'issued-elsewhere',
    }
    world.register.add(accepted)
    return { ksefNumber: accepted.ksefNumber, invoiceHash: accepted.invoiceHash }
  })
}

const body = {
  ...object(['document', 'count', 'series', 'seller'], {
    document: { type: 'string', minLength: 1 },
    count: { type: 'integer', minimum: 1, maximum: 100_000 },
    series: { type: 'string', minLength: 1 },
    seller: nip,
    buyer: nip,
    third: nip,
    authorized: nip,
    storedFrom: { type: 'string', minLength: 10 },
    spacingMs: { type: 'integer', minimum: 0 },
  }),
  additionalProperties: false,
}

export function issuingControl(app: FastifyInstance, world: World): void {
  app.post<{ Body: Issue }>('/invoices', { schema: { body } }, (request, reply) =>
    reply.code(201).send({ issued: issueInvoices(world, request.body) }),
  )
}
