import {
  actorOf,
  configureSync,
  INTERVAL_SECONDS_MAX,
  INTERVAL_SECONDS_MIN,
  readSyncs,
  requestSync,
  SUBJECT_TYPES,
  type SyncSettings,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { SubjectTypeInput, SyncsView, viewSyncs } from '../views/sync.ts'
import { answer, problems } from './documented.ts'

const tags = ['inbox']
const SECONDS_PER_MINUTE = 60

const Roles = z.array(SubjectTypeInput).min(1).max(SUBJECT_TYPES.length)

const Wish = z.strictObject({ roles: Roles.optional() }).meta({
  id: 'SyncWish',
  description: 'In which roles; all of them when left out.',
  examples: [{ roles: ['Subject2'] }],
})

const Settings = z
  .strictObject({
    roles: Roles,
    enabled: z.boolean().optional(),
    intervalMinutes: z
      .int()
      .min(INTERVAL_SECONDS_MIN / SECONDS_PER_MINUTE)
      .max(INTERVAL_SECONDS_MAX / SECONDS_PER_MINUTE)
      .nullable()
      .optional()
      .meta({
        description: 'null: once a night. KSeF wants no role asked for more often than every 15 minutes.',
      }),
    startAt: z.iso.datetime({ offset: true }).optional().meta({
      description:
        'From when on invoices are wanted. An earlier one has the time from then on received again.',
    }),
  })
  .meta({ id: 'SyncSettings', examples: [{ roles: ['Subject1'], intervalMinutes: 60 }] })

const settingsOf = ({ enabled, intervalMinutes, startAt }: z.infer<typeof Settings>): SyncSettings => ({
  ...(enabled === undefined ? {} : { isEnabled: enabled }),
  ...(intervalMinutes === undefined
    ? {}
    : { intervalSeconds: intervalMinutes === null ? null : intervalMinutes * SECONDS_PER_MINUTE }),
  ...(startAt === undefined ? {} : { startAt: new Date(startAt) }),
})

/** `/v1/companies/{companyId}/sync`: how what others issue is received. */
export const sync =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const path = '/companies/:companyId/sync'
    const refusals = problems('NOT_FOUND', 'INTEGRATION_MISSING', 'SYNC_NOT_BEGUN')
    app.get(
      path,
      {
        schema: {
          tags,
          operationId: 'readSync',
          summary:
            'Up to when a company’s received invoices are complete, by role, and what stands in the way.',
          params: CompanyPath,
          response: { 200: answer('By role.', SyncsView), ...problems('NOT_FOUND', 'INTEGRATION_MISSING') },
        },
      },
      async (request) => viewSyncs(await readSyncs(deps, request.params.companyId)),
    )

    app.post(
      path,
      {
        schema: {
          tags,
          operationId: 'requestSync',
          summary:
            'Have invoices received now. KSeF’s limits hold all the same; a role that is held stays held.',
          params: CompanyPath,
          body: Wish,
          response: { 202: answer('As it stands; the next step is due.', SyncsView), ...refusals },
        },
      },
      async (request, reply) => {
        const { companyId } = request.params
        const { roles } = request.body
        await requestSync(deps, { companyId, ...(roles === undefined ? {} : { roles }) })
        return reply.code(202).send(viewSyncs(await readSyncs(deps, companyId)))
      },
    )

    app.put(
      path,
      {
        schema: {
          tags,
          operationId: 'configureSync',
          summary: 'Set which roles are received, how often, and from when on.',
          params: CompanyPath,
          body: Settings,
          response: { 200: answer('As it stands now.', SyncsView), ...refusals },
        },
      },
      async (request) => {
        const { companyId } = request.params
        const by = { companyId, actor: actorOf(callerOf(request)), requestId: request.id }
        const settings = settingsOf(request.body)
        for (const subjectType of new Set(request.body.roles))
          await configureSync(deps, { ...by, subjectType, settings })
        return viewSyncs(await readSyncs(deps, companyId))
      },
    )
  }
