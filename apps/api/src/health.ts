/** `/healthz`: the process lives. `/readyz`: it can do its work, which needs PostgreSQL and does not need Redis. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'

/** Each resolves when the service answers. */
export type Readiness = { postgres: () => Promise<void>; redis: () => Promise<void> }

const PROBE_WITHIN_MS = 2_000
const State = z.enum(['up', 'down'])
const tags = ['operations']

const Ready = z
  .object({ ready: z.boolean(), postgres: State, redis: State.meta({ description: 'Told, not required.' }) })
  .meta({ id: 'Readiness' })

export const health =
  (readiness: Readiness): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/healthz',
      {
        schema: {
          tags,
          operationId: 'health',
          summary: 'The process lives.',
          security: [],
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      async () => ({ status: 'ok' as const }),
    )
    app.get(
      '/readyz',
      {
        schema: {
          tags,
          operationId: 'readiness',
          summary: 'The process can do its work.',
          security: [],
          response: { 200: Ready, 503: Ready },
        },
      },
      async (_, reply) => {
        const [postgres, redis] = await Promise.all([probe(readiness.postgres), probe(readiness.redis)])
        const ready = postgres === 'up'
        return reply.code(ready ? 200 : 503).send({ ready, postgres, redis })
      },
    )
  }

async function probe(check: () => Promise<void>): Promise<'up' | 'down'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'down'>((resolve) => {
    timer = setTimeout(() => resolve('down'), PROBE_WITHIN_MS)
  })
  const answered = check().then(
    () => 'up' as const,
    () => 'down' as const, // which failure it was is logged where requests meet it; here only the state counts
  )
  return Promise.race([answered, late]).finally(() => clearTimeout(timer))
}
