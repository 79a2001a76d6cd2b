import {
  ACTORS,
  actionsOn,
  DELIVERIES,
  INVOICING_MODES,
  isCorrectable,
  KSEF_RESOURCES,
  OFFLINE_CHOICES,
  outcomeOf,
  RETRIES,
  SUBMISSION_ACTIONS,
  SUBMISSION_STATES,
  type Submission,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { OfflineMode } from './offline.ts'
import { Moment, momentOf } from './page.ts'

export const Words = z
  .object({ pl: z.string(), en: z.string() })
  .meta({ id: 'Words', description: 'The same sentence in Polish and in English.' })

export const OutcomeView = z
  .object({
    code: z.string().meta({ description: 'Stable; explained at `/docs/errors` where it is a reason.' }),
    meaning: Words.meta({ description: 'What is so.' }),
    actor: z.enum(ACTORS).meta({ description: 'Who must act.' }),
    retry: z.enum(RETRIES).meta({
      description:
        '`automatic`: the fleet goes on by itself; `automatic-after`: so it does once somebody acted; `helps-after`: once ' +
        'somebody acted, release or retry the invoice; `no`: it arrived, or KSeF would refuse the same document again.',
    }),
    whatToDo: Words.meta({ description: 'What whoever must act does now.' }),
    ksef: z
      .object({
        resource: z.enum(KSEF_RESOURCES),
        code: z.int(),
        meaning: Words,
      })
      .nullable()
      .meta({
        description:
          "KSeF's number, and whose it is: 415 is one thing for an invoice and another for a session.",
      }),
    description: z.string().optional().meta({ description: "KSeF's own words." }),
    details: z.array(z.string()).optional(),
    originalKsefNumber: z
      .string()
      .optional()
      .meta({ description: 'Of a duplicate: the number that is taken.' }),
    note: z.string().optional().meta({ description: 'What was said by whoever holds it.' }),
  })
  .meta({
    id: 'Outcome',
    description:
      'What an invoice has come to: what is so, who must act, whether trying again helps, what to do.',
  })

export const InvoiceState = z.enum(SUBMISSION_STATES).meta({
  id: 'InvoiceState',
  description:
    '`pending` waits; `claimed` is being sent; `packed` is in a package on its way to KSeF; `sent` is in KSeF, verdict pending; `lost` may have arrived and is being ' +
    'looked up; `registered` has its KSeF number; `receipted` has its UPO too; `rejected` by KSeF, its number is free ' +
    'again; `held` until something is settled. `outcome` says more of each.',
})

export const Delivery = z.enum(DELIVERIES).meta({
  id: 'Delivery',
  description:
    '`auto` singly while that is quickest, in a batch when there are many; `immediate` singly, whatever else waits; ' +
    '`batch` in a batch, never singly.',
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
    hasAttachment: z.boolean(),
    delivery: Delivery,
    batchId: z.uuid().nullable().meta({ description: 'The batch it was handed over in.' }),
    offlineMode: OfflineMode.nullable().meta({ description: 'How it was issued; null: online.' }),
    offlineChoice: z.enum(OFFLINE_CHOICES).nullable().meta({
      description: 'Who chose that: whoever posted it, or the fleet because KSeF could not be reached.',
    }),
    deadline: z.iso.date().nullable().meta({
      description:
        'The last day on which it may reach KSeF, in Warsaw. null: it was issued online, an outage that it is counted from goes on, or there is no duty to send it.',
    }),
    waitsFor: z.array(z.uuid()).meta({
      description:
        'Invoices that it corrects and that have no KSeF number yet: it goes after them. Held and released, it waits for none.',
    }),
    correctsTechnically: z
      .uuid()
      .nullable()
      .meta({ description: 'The rejected offline invoice in whose place it goes.' }),
    ksefNumber: z.string().nullable(),
    registeredAt: Moment.nullable(),
    invoicingMode: z
      .enum(INVOICING_MODES)
      .nullable()
      .meta({
        description:
          'Whether KSeF counts it as issued online or offline, told with its number. `Offline` where `offlineMode` is null: it was sent as an ' +
          'ordinary invoice and reached KSeF after the day of its `issueDate`; `outcome` says what follows. null: it has no number yet, or ' +
          'KSeF did not say.',
      }),
    referenceNumber: z
      .string()
      .nullable()
      .meta({ description: "KSeF's reference within its sending session." }),
    attempts: z.int().meta({ description: 'Times the invoice left for KSeF.' }),
    outcome: OutcomeView,
    actions: z
      .array(z.enum(SUBMISSION_ACTIONS))
      .meta({ description: 'What can be asked of it now, each by a POST to the link of that name.' }),
    upo: z.string().nullable().meta({ description: 'Where the UPO is read; null until it is stored.' }),
    createdAt: Moment,
    updatedAt: Moment,
    links: z.object({
      self: z.string(),
      xml: z.string(),
      pdf: z.string(),
      html: z.string(),
      qr: z.string(),
      hold: z.string().optional(),
      release: z.string().optional(),
      retry: z.string().optional(),
      technicalCorrection: z.string().optional().meta({ description: 'Where one may be posted.' }),
    }),
  })
  .meta({ id: 'Invoice', description: 'An invoice on its way to KSeF, and what became of it.' })

export const invoiceLocation = (submission: Pick<Submission, 'companyId' | 'id'>): string =>
  `${companyLocation(submission.companyId)}/invoices/${submission.id}`

export function viewInvoice(submission: Submission): z.infer<typeof InvoiceView> {
  const self = invoiceLocation(submission)
  const actions = actionsOn(submission)
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
    hasAttachment: submission.hasAttachment,
    delivery: submission.delivery,
    batchId: submission.batchId,
    offlineMode: submission.offlineMode,
    offlineChoice: submission.offlineChoice,
    deadline: submission.deadline,
    waitsFor: submission.waitsFor ?? [],
    correctsTechnically: submission.correctsId,
    ksefNumber: submission.ksefNumber,
    registeredAt: momentOf(submission.registeredAt),
    invoicingMode: submission.invoicingMode,
    referenceNumber: submission.referenceNumber,
    attempts: submission.attempts,
    outcome: viewOutcome(submission),
    actions: [...actions],
    upo: submission.upoDocumentId === null ? null : `${self}/upo`,
    createdAt: submission.createdAt.toISOString(),
    updatedAt: submission.updatedAt.toISOString(),
    links: {
      self,
      xml: `${self}/xml`,
      pdf: `${self}/pdf`,
      html: `${self}/html`,
      qr: `${self}/qr`,
      ...(isCorrectable(submission) ? { technicalCorrection: `${self}/technical-correction` } : {}),
      ...Object.fromEntries(actions.map((action) => [action, `${self}/${action}`])),
    },
  }
}

export function viewOutcome(submission: Submission): z.infer<typeof OutcomeView> {
  const { reason, ...outcome } = outcomeOf(submission)
  if (reason === null) return outcome
  const { description, details, originalKsefNumber, note } = reason
  return {
    ...outcome,
    description,
    details: details === undefined ? undefined : [...details],
    originalKsefNumber,
    note,
  }
}
