/**
 * What becomes of an invoice. `packages/db` writes these in the statement that moves the submission, ten thousand at once
 * where a package brings them (`stores/submission-events.ts`), so their data is made in SQL; a test there holds the two
 * together.
 */
import { INVOICING_MODES, OFFLINE_MODES } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { BatchId, KsefEnvironment, SubmissionId } from '../identifiers.ts'
import { SUBMISSION_STATES } from '../submissions/submission.ts'
import { eventType } from './event-type.ts'

/** One version for the four that tell of a move: they are written by one statement. */
export const INVOICE_EVENT_VERSION = 1

const invoice = {
  invoiceId: SubmissionId,
  batchId: BatchId.nullable().meta({ description: 'The batch it was handed over in.' }),
  environment: KsefEnvironment,
  kind: z.string().meta({ description: 'RodzajFaktury.' }),
  number: z.string().meta({ description: "P_2, the seller's own number." }),
  issueDate: z.iso.date().meta({ description: 'P_1.' }),
  sellerNip: z.string(),
}

const registered = z.object({
  ...invoice,
  ksefNumber: z.string(),
  registeredAt: z.iso.datetime({ offset: true }),
  invoicingMode: z
    .enum(INVOICING_MODES)
    .nullable()
    .meta({
      description:
        'Whether KSeF counts it as issued online or offline; null: KSeF did not say. `Offline` beside an `offlineMode` of null: it was sent ' +
        'as an ordinary one and reached KSeF after the day of its P_1.',
    }),
  offlineMode: z.enum(OFFLINE_MODES).nullable().meta({ description: 'How it was issued; null: online.' }),
})

const refused = z.object({
  ...invoice,
  code: z.string().meta({ description: 'Why: a stable code, see the table of reasons.' }),
  ksefCode: z.int().nullable().meta({ description: "KSeF's own status, where it gave one." }),
  originalKsefNumber: z.string().nullable().meta({
    description: 'Of a duplicate: the KSeF number that holds this seller, kind and number already.',
  }),
})

const deadline = {
  ...invoice,
  offlineMode: z.enum(OFFLINE_MODES),
  state: z.enum(SUBMISSION_STATES).meta({ description: 'How far it is on its way to KSeF.' }),
  deadline: z.iso.date().meta({ description: 'The last day on which it may reach KSeF, in Warsaw.' }),
  endsAt: z.iso.datetime({ offset: true }).meta({ description: 'The first moment that is too late.' }),
}
const near = z.object({
  ...deadline,
  stage: z.enum(['early', 'near', 'last']).meta({
    description: 'A day, four hours and one hour before, sooner where the time was short from the start.',
  }),
})

export const INVOICE_EVENTS = {
  'invoice.registered': eventType(INVOICE_EVENT_VERSION, 'KSeF gave it a number: it is issued.', registered),
  'invoice.receipted': eventType(INVOICE_EVENT_VERSION, 'Its UPO is stored.', registered),
  'invoice.rejected': eventType(INVOICE_EVENT_VERSION, 'KSeF refused it.', refused),
  'invoice.held': eventType(INVOICE_EVENT_VERSION, 'It waits for a person.', refused),
  'invoice.deadline': eventType(
    1,
    'It was issued offline, its deadline comes near, and KSeF has not registered it. Told once for each stage.',
    near,
  ),
  'invoice.late': eventType(
    1,
    'It was issued offline, its deadline has passed, and KSeF has not registered it.',
    z.object(deadline),
  ),
}
