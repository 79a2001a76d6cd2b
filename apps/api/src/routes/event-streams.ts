import { Readable } from 'node:stream'
import {
  assertEventsKept,
  headOfEvents,
  type KeyRealm,
  listEvents,
  placeOf,
  readCompany,
} from '@ksef-fleet/core'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf, keyStillOpens } from '../request-context.ts'
import { streamOfEvents } from '../streams/event-stream.ts'
import { answer, problems } from './documented.ts'
import { EVENT_PLACES, type EventPlace, filterOf, Place, realmOf, STREAM_SECONDS_MAX } from './event-query.ts'

const tags = ['events']

/** Fastify ends what takes longer than other handlers may; a stream ends by itself before that. */
const HANDLER_MS_MAX = (STREAM_SECONDS_MAX + 60) * 1_000
const READ_AT_ONCE = 100

/** Names are as clients send them; others pass. */
const Headers = z.object({
  'last-event-id': Place.exactOptional().meta({
    description: '`id` of the last event that arrived: the stream goes on after it, whatever `after` says.',
  }),
})

/** `/v1/events/stream` and `/v1/companies/{companyId}/events/stream` */
export const eventStreams =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of EVENT_PLACES) await app.register(streaming(deps, place))
    app.addHook('preClose', async () => deps.streams.end())
  }

const streaming =
  (deps: ApiDependencies, place: EventPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      `${place.base}/stream`,
      {
        exposeHeadRoute: false,
        handlerTimeout: HANDLER_MS_MAX,
        schema: {
          tags,
          operationId: `stream${place.of}Events`,
          summary: `What happens, ${place.whose}, as server-sent events.`,
          description:
            '`data` of each is an Event, `id` its place in this log. A stream ends after an hour, when the server stops and when its key is revoked; who comes back with `Last-Event-ID` misses nothing.',
          params: place.path,
          headers: Headers,
          querystring: place.stream,
          response: {
            200: answer(
              'Events as they happen, and a comment every now and then.',
              z.instanceof(Readable).meta({ type: 'string' }),
              'text/event-stream',
            ),
            ...problems('NOT_FOUND', 'EVENTS_EXPIRED', 'STREAMS_TOO_MANY'),
          },
        },
      },
      async (request, reply) => {
        const { params, query } = request
        const realm = realmOf(params)
        if (realm.scope === 'company') await readCompany(deps, realm.companyId)
        const from = request.headers['last-event-id'] ?? query.after ?? (await headOfEvents(deps, realm))
        await assertEventsKept(deps, realm, from)
        const { streams } = deps
        const opened = streams.open(callerOf(request).keyId)
        const filter = filterOf(query)
        const events = streamOfEvents({
          ...streams,
          read: (place) => listEvents(deps, { realm, filter, after: place, limit: READ_AT_ONCE }),
          placeOf: (event) => placeOf(realm, event),
          mayGoOn: () => keyStillOpens(request),
          listen: (rung) => streams.bell.listen(companyOf(realm), rung),
          after: from,
          lifeMs: query.seconds * 1_000,
          ended: untilClosed(reply, opened),
        })
        return (
          reply
            .type('text/event-stream; charset=utf-8')
            .header('x-accel-buffering', 'no')
            // Its connection ends with it, lest a server that stops wait for the next request on it.
            .header('connection', 'close')
            .send(Readable.from(events, { objectMode: false }))
        )
      },
    )
  }

const companyOf = (realm: KeyRealm) => (realm.scope === 'company' ? realm.companyId : null)

/** Aborted when the reader is gone or the server stops; gives the place back then, or when all was said. */
function untilClosed(reply: FastifyReply, opened: { ended: AbortSignal; close: () => void }): AbortSignal {
  const gone = new AbortController()
  const end = () => {
    opened.close()
    gone.abort()
  }
  // It may have left while its place was looked up.
  if (reply.raw.destroyed) end()
  else reply.raw.once('close', end)
  return AbortSignal.any([gone.signal, opened.ended])
}
