import { z } from 'zod'

/** What every list takes. Followed until `nextCursor` is null. */
export const PageQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .meta({ description: 'Items on the page at most.' }),
  cursor: z
    .string()
    .min(1)
    .max(600)
    .exactOptional()
    .meta({ description: '`nextCursor` of the page before, as it was given.' }),
})

export const NextCursor = z.string().nullable().meta({ description: 'Null on the last page.' })

/** A moment, ISO 8601 in UTC. */
export const Moment = z.iso.datetime()

export const momentOf = (moment: Date | null): string | null => moment?.toISOString() ?? null
