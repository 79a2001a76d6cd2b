import { SUBMISSION_STATES, type Submission, type SubmissionReason } from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { rowOf } from './error-row.ts'
import { Moment, momentOf } from './page.ts'

const Reason = z
  .object({
    code: z.string(),
    means: z.string(),
    help: z.string(),
    blame: z.enum(['caller', 'company', 'ksef', 'fleet']).meta({ description: 'Who must act.' }),
    retry: z.enum(['never', 'after-change', 'later']),
    ksefCode: z.int().optional().meta({ description: "KSeF's own status or exception code." }),
    description: z.string().optional().meta({ description: "KSeF's own words." }),
    details: z.array(z.string()).optional(),
    originalKsefNumber: z
      .string()
      .optional()
      .meta({ description: 'Of a duplicate: the number that is taken.' }),
  })
  .meta({ id: 'Reason', description: 'Why an invoice is rejected or held.' })

export const InvoiceState = z.enum(SUBMISSION_STATES).meta({
  id: 'InvoiceState',
  description:
    '`pending` waits; `claimed` is being sent; `sent` is in KSeF, verdict pending; `lost` may have arrived and is being ' +
    'looked up; `registered` has its KSeF number; `receipted` has its UPO too; `rejected` by KSeF, its number is free ' +
    'again; `held` needs a person.',
})

export const InvoiceView = z
  .object({
    id: z.uuid(),
    companyId: z.uuid(),
    state: InvoiceState,
    formCode: z.string(),
    sellerNip: z.string(),
    kind: z.string().meta({ description: 'RodzajFaktury.' }),
    number: z.string().meta({ description: 'P_2.' }),
    issueDate: z.string().meta({ description: 'P_1.' }),
    invoiceHash: z.string().meta({ description: 'SHA-256 of the XML, Base64.' }),
    ksefNumber: z.string().nullable(),
    registeredAt: Moment.nullable(),
    referenceNumber: z
      .string()
      .nullable()
      .meta({ description: "KSeF's reference within its sending session." }),
    attempts: z.int().meta({ description: 'Times the invoice left for KSeF.' }),
    reason: Reason.nullable(),
    upo: z.string().nullable().meta({ description: 'Where the UPO is read; null until it is stored.' }),
    createdAt: Moment,
    updatedAt: Moment,
    links: z.object({ self: z.string(), xml: z.string() }),
  })
  .meta({ id: 'Invoice', description: 'An invoice on its way to KSeF, and what became of it.' })

export const invoiceLocation = (submission: Pick<Submission, 'companyId' | 'id'>): string =>
  `${companyLocation(submission.companyId)}/invoices/${submission.id}`

export function viewInvoice(submission: Submission): z.infer<typeof InvoiceView> {
  const self = invoiceLocation(submission)
  return {
    id: submission.id,
    companyId: submission.companyId,
    state: submission.state,
    formCode: submission.formCode,
    sellerNip: submission.sellerNip,
    kind: submission.kind,
    number: submission.number,
    issueDate: submission.issueDate,
    invoiceHash: submission.invoiceHash,
    ksefNumber: submission.ksefNumber,
    registeredAt: momentOf(submission.registeredAt),
    referenceNumber: submission.referenceNumber,
    attempts: submission.attempts,
    reason: submission.reason === null ? null : viewReason(submission.reason),
    upo: submission.upoDocumentId === null ? null : `${self}/upo`,
    createdAt: submission.createdAt.toISOString(),
    updatedAt: submission.updatedAt.toISOString(),
    links: { self, xml: `${self}/xml` },
  }
}

function viewReason(reason: SubmissionReason): z.infer<typeof Reason> {
  const { means, help, blame, retry } = rowOf(reason.code)
  return {
    code: reason.code,
    means,
    help,
    blame,
    retry,
    ksefCode: reason.ksefCode,
    description: reason.description,
    details: reason.details === undefined ? undefined : [...reason.details],
    originalKsefNumber: reason.originalKsefNumber,
  }
}
