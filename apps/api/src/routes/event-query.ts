/** What is asked of a log of events, in a list as in a stream. */
import { CompanyId, EVENT_TYPE_NAMES, type EventFilter, type KeyRealm } from '@ksef-fleet/core'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import { PageQuery } from '../views/page.ts'

export const STREAM_SECONDS_MAX = 3_600

export const EventTypeView = z.enum(EVENT_TYPE_NAMES as [string, ...string[]])

const Types = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(EventTypeView))
  .exactOptional()
  .meta({
    description: 'These types only, separated by commas.',
    examples: ['invoice.registered,invoice.rejected'],
  })

/** A place in the log. */
export const Place = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const after = Place.default(0).meta({
  description: '`next` of the page before; 0, or nothing, for the first event that is kept.',
})
const from = Place.exactOptional().meta({
  description: 'Events after this place of the log, 0 for all of it. Without it, what happens from now on.',
})
const seconds = z.coerce.number().int().min(0).max(STREAM_SECONDS_MAX).default(STREAM_SECONDS_MAX).meta({
  description:
    'Ends the stream after so long; a reader comes back by itself. 0: what there is, and then the end.',
})
const companyId = CompanyId.exactOptional().meta({ description: 'Events of this company only.' })

const list = z.strictObject({ after, limit: PageQuery.shape.limit, types: Types })
const stream = z.strictObject({ after: from, seconds, types: Types })

type Filter = { types?: string[]; companyId?: CompanyId }

export type EventPlace = {
  base: string
  /** Begins the ids of its operations. */
  of: 'Provider' | 'Company'
  whose: string
  path: z.ZodType<{ companyId?: CompanyId }>
  list: z.ZodType<Filter & { after: number; limit: number }>
  stream: z.ZodType<Filter & { after?: number; seconds: number }>
}

/** The provider's log holds its own events and every company's; a company's log its own. */
export const EVENT_PLACES: readonly EventPlace[] = [
  {
    base: '/events',
    of: 'Provider',
    whose: 'of the provider and of every company',
    path: z.object({}),
    list: list.extend({ companyId }),
    stream: stream.extend({ companyId }),
  },
  {
    base: '/companies/:companyId/events',
    of: 'Company',
    whose: 'of a company',
    path: CompanyPath,
    list,
    stream,
  },
]

export const realmOf = ({ companyId }: { companyId?: CompanyId }): KeyRealm =>
  companyId === undefined ? { scope: 'provider' } : { scope: 'company', companyId }

export const filterOf = ({ types, companyId }: Filter): EventFilter => ({
  ...(types === undefined ? {} : { types }),
  ...(companyId === undefined ? {} : { companyId }),
})
