import type { z } from 'zod'

/**
 * A type of event. Its `data` is part of the API: fields may come, but none goes and none changes its meaning; what must
 * change otherwise gets the next `version`.
 */
export type EventType<Data extends z.ZodType = z.ZodType> = {
  version: number
  means: string
  data: Data
}

export const eventType = <Data extends z.ZodType>(
  version: number,
  means: string,
  data: Data,
): EventType<Data> => ({ version, means, data })
