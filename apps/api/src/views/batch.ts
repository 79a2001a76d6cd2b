import {
  type AcceptedBatch,
  BATCH_SOURCES,
  type Batch,
  type BatchProgress,
  SUBMISSION_STATES,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { FaultDocument } from '../problem.ts'
import { companyLocation } from './company.ts'
import { InvoiceState, invoiceLocation, OutcomeView, viewOutcome } from './invoice.ts'
import { Moment } from './page.ts'

const summary = {
  id: z.uuid(),
  companyId: z.uuid(),
  source: z.enum(BATCH_SOURCES).meta({ description: 'In what the invoices came.' }),
  invoiceCount: z.int().meta({ description: 'Invoices that were accepted.' }),
  createdAt: Moment,
  links: z.object({
    self: z.string(),
    invoices: z.string().meta({ description: 'The invoices of the batch, page by page.' }),
  }),
}

export const BatchSummary = z
  .object(summary)
  .meta({ id: 'BatchSummary', description: 'Many invoices that were handed over at once.' })

const Refused = z.object({
  count: z.int().meta({ description: 'Files that were left out.' }),
  faults: z
    .array(FaultDocument)
    .meta({ description: 'What is wrong with the first hundred of them, three faults each at most.' }),
})

export const AcceptedBatchView = z
  .object({ ...summary, refused: Refused })
  .meta({ id: 'AcceptedBatch', description: 'A batch, on its way, and the files that are not.' })

const TroubledInvoice = z.object({
  id: z.uuid(),
  kind: z.string(),
  number: z.string(),
  state: InvoiceState,
  outcome: OutcomeView,
  self: z.string(),
})

export const BatchView = z
  .object({
    ...summary,
    states: z
      .object(Object.fromEntries(SUBMISSION_STATES.map((state) => [state, z.int()])))
      .meta({ description: 'Invoices by state.' }),
    progress: z.object({
      settled: z.int().meta({ description: "Invoices that KSeF's verdict is known of." }),
      share: z.number().meta({ description: 'Of all, from 0 to 1; 1 only when all are settled.' }),
    }),
    troubled: z
      .array(TroubledInvoice)
      .meta({ description: 'The latest twenty that are rejected or held. All: `invoices?batch=…&state=…`.' }),
  })
  .meta({ id: 'Batch', description: 'A batch, and what has become of its invoices.' })

export const batchLocation = (batch: Pick<Batch, 'companyId' | 'id'>): string =>
  `${companyLocation(batch.companyId)}/batches/${batch.id}`

export const viewBatchSummary = (batch: Batch): z.infer<typeof BatchSummary> => ({
  id: batch.id,
  companyId: batch.companyId,
  source: batch.source,
  invoiceCount: batch.invoiceCount,
  createdAt: batch.createdAt.toISOString(),
  links: {
    self: batchLocation(batch),
    invoices: `${companyLocation(batch.companyId)}/invoices?batch=${batch.id}`,
  },
})

export const viewAcceptedBatch = ({ batch, refused }: AcceptedBatch): z.infer<typeof AcceptedBatchView> => ({
  ...viewBatchSummary(batch),
  refused: { count: refused.count, faults: refused.faults.map((fault) => ({ ...fault })) },
})

export const viewBatch = ({
  batch,
  states,
  settled,
  troubled,
}: BatchProgress): z.infer<typeof BatchView> => ({
  ...viewBatchSummary(batch),
  states,
  progress: { settled, share: Math.floor((settled / batch.invoiceCount) * 10_000) / 10_000 },
  troubled: troubled.map((submission) => ({
    id: submission.id,
    kind: submission.kind,
    number: submission.number,
    state: submission.state,
    outcome: viewOutcome(submission),
    self: invoiceLocation(submission),
  })),
})
