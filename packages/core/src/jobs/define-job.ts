/**
 * A job is one file: its name, its queue, its payload, the key its rings coalesce under, and its handler. It knows no
 * BullMQ. To come back later a handler sets a due column; the sweeper rings again when the time has come.
 */
import type { z } from 'zod'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { Ring } from './ring.ts'

/** Queues by kind of work, so that a flood of one never stands in the way of another. */
export const QUEUE_NAMES = ['send', 'batch', 'status', 'sync', 'deliver', 'upkeep'] as const
export type QueueName = (typeof QUEUE_NAMES)[number]

export type Job<Payload extends Record<string, string> = Record<string, string>> = {
  name: string
  queue: QueueName
  /** Ids only, and lenient: an old worker survives a new field. */
  schema: z.ZodType<Payload>
  key: (payload: Payload) => string
  /** Settles everything it expects in PostgreSQL; what it throws is a bug or the loss of the database. */
  handler: (payload: Payload, context: DeliveryContext) => Promise<void>
}

export const defineJob = <Payload extends Record<string, string>>(job: Job<Payload>): Job<Payload> => job

/** The ring that asks for a run of the job. */
export const ringOf = <Payload extends Record<string, string>>(
  job: Job<Payload>,
  payload: Payload,
): Ring => ({
  job: job.name,
  key: job.key(payload),
  payload,
})
