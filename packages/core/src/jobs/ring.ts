import { z } from 'zod'

/**
 * A ring of the doorbell: the wish that a job runs. Ids only: what is true stands in PostgreSQL, and the job reads it
 * there under its company. A payload may gain fields: an old worker lets unknown ones pass.
 */
export const Ring = z.object({
  /** Name of a job in `jobs/index.ts`. */
  job: z.string(),
  /** Rings with one key coalesce while one of them waits. No `:`, which BullMQ forbids. */
  key: z.string().regex(/^[a-z0-9-]+$/),
  payload: z.record(z.string(), z.string()),
})
export type Ring = z.infer<typeof Ring>
