/** What is known of KSeF itself, and outages that an administrator tells of. */
import {
  actorOf,
  announceOutage,
  endOutage,
  OutageId,
  readKsefStanding,
  withdrawOutage,
} from '@ksef-fleet/core'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { KsefStandingView, OutageKind, OutageView, viewKsefStanding, viewOutage } from '../views/offline.ts'
import { answer, problems } from './documented.ts'

const tags = ['offline']

const Given = z.iso.datetime({ offset: true }).transform((text) => new Date(text))

const NewOutage = z
  .strictObject({
    kind: OutageKind,
    startAt: Given,
    endAt: Given.nullable().default(null).meta({ description: 'null: it goes on.' }),
    note: z.string().trim().min(1).max(500).meta({ description: 'Where it was announced.' }),
  })
  .refine(({ startAt, endAt }) => endAt === null || endAt >= startAt, {
    error: 'an outage does not end before it begins',
    path: ['endAt'],
  })
  .meta({
    id: 'NewOutage',
    examples: [
      {
        kind: 'failure',
        startAt: '2026-11-23T09:00:00+01:00',
        endAt: null,
        note: 'Komunikat w BIP MF z 23.11.2026',
      },
    ],
  })

const End = z
  .strictObject({ endAt: Given })
  .meta({ id: 'OutageEnd', examples: [{ endAt: '2026-11-24T18:00:00+01:00' }] })

const OutagePath = z.object({
  outageId: z
    .string()
    .regex(/^[0-9a-f-]{36}$/)
    .pipe(OutageId),
})

const by = (request: FastifyRequest) => ({ actor: actorOf(callerOf(request)), requestId: request.id })

/** `/v1/ksef` and `/v1/ksef/outages` */
export const outages =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/ksef',
      {
        schema: {
          tags,
          operationId: 'readKsefStanding',
          summary: 'Whether KSeF can be reached, as the fleet sees it, and what outages were announced.',
          response: { 200: answer('As it stands now.', KsefStandingView), ...problems() },
        },
      },
      async () => viewKsefStanding(await readKsefStanding(deps)),
    )

    app.post(
      '/ksef/outages',
      {
        schema: {
          tags,
          operationId: 'announceOutage',
          summary:
            'Enter an outage that the Ministry announced and the lighthouse did not tell. Deadlines are counted anew by it.',
          body: NewOutage,
          response: { 201: answer('The outage.', OutageView), ...problems('SCOPE_INSUFFICIENT') },
        },
      },
      async (request, reply) => {
        const { kind, startAt: start, endAt: end, note } = request.body
        const outage = await announceOutage(deps, { kind, start, end, note, ...by(request) })
        return reply.code(201).header('location', `/v1/ksef/outages/${outage.id}`).send(viewOutage(outage))
      },
    )

    app.post(
      '/ksef/outages/:outageId/end',
      {
        schema: {
          tags,
          operationId: 'endOutage',
          summary: 'Say when an outage ended.',
          params: OutagePath,
          body: End,
          response: { 200: answer('The outage.', OutageView), ...problems('NOT_FOUND') },
        },
      },
      async (request) =>
        viewOutage(await endOutage(deps, { ...request.params, end: request.body.endAt, ...by(request) })),
    )

    app.delete(
      '/ksef/outages/:outageId',
      {
        schema: {
          tags,
          operationId: 'withdrawOutage',
          summary: 'Take back an outage that was told by mistake.',
          params: OutagePath,
          response: {
            200: answer('The outage, which counts no more.', OutageView),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => viewOutage(await withdrawOutage(deps, { ...request.params, ...by(request) })),
    )
  }
