import { z } from 'zod'
import { BatchId, KsefEnvironment } from '../identifiers.ts'
import { eventType } from './event-type.ts'

export const BATCH_EVENT_VERSION = 1

/** Written like the events of invoices, with the last of them. */
export const BATCH_EVENTS = {
  'batch.completed': eventType(
    BATCH_EVENT_VERSION,
    'Each of its invoices has its UPO or was rejected. Told once, whatever is tried again later.',
    z.object({
      batchId: BatchId,
      environment: KsefEnvironment,
      invoices: z.int(),
      receipted: z.int(),
      rejected: z.int(),
    }),
  ),
}
