import { assertEventsKept, listEvents } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ApiDependencies } from '../dependencies.ts'
import { EventView, viewEvent } from '../views/event.ts'
import { answer, problems } from './documented.ts'
import { EVENT_PLACES, type EventPlace, filterOf, realmOf } from './event-query.ts'

const tags = ['events']

const EventPage = z.object({
  events: z.array(EventView),
  next: z
    .int()
    .meta({ description: 'What to give as `after` next time. Store it with what you made of the events.' }),
  hasMore: z.boolean().meta({ description: 'False: this was the end of the log, for now.' }),
})

/** `/v1/events` and `/v1/companies/{companyId}/events` */
export const events =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of EVENT_PLACES) await app.register(listing(deps, place))
  }

const listing =
  (deps: ApiDependencies, place: EventPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      place.base,
      {
        schema: {
          tags,
          operationId: `list${place.of}Events`,
          summary: `What happened, ${place.whose}, oldest first.`,
          description:
            'The log is one order that only grows: whoever goes on after `next` gets every event, once. Events are kept for 24 months unless the fleet is set otherwise; whoever comes later is told so. A place belongs to its log: `after` of one company means nothing to another.',
          params: place.path,
          querystring: place.list,
          response: { 200: answer('A page.', EventPage), ...problems('NOT_FOUND', 'EVENTS_EXPIRED') },
        },
      },
      async ({ params, query }) => {
        const { after, limit } = query
        const realm = realmOf(params)
        await assertEventsKept(deps, realm, after)
        const page = await listEvents(deps, { realm, filter: filterOf(query), after, limit })
        return { ...page, events: page.events.map(viewEvent) }
      },
    )
  }
