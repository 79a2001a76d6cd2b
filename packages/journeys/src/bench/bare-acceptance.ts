/**
 * What accepting an invoice costs when nothing is done with it: Fastify takes the bytes, one INSERT stores them. A process
 * of its own, like the api.
 */
import { parseArgs } from 'node:util'
import Fastify from 'fastify'
import pg from 'pg'

const BODY_BYTES_MAX = 3_100_000

const { values } = parseArgs({
  options: { port: { type: 'string' }, database: { type: 'string' }, 'pool-size': { type: 'string' } },
})

const pool = new pg.Pool({ connectionString: values.database, max: Number(values['pool-size']) })
const app = Fastify({ bodyLimit: BODY_BYTES_MAX })
app.removeAllContentTypeParsers()
app.addContentTypeParser('application/xml', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
app.get('/cpu-seconds', async () => {
  const { user, system } = process.cpuUsage()
  return { seconds: (user + system) / 1e6 }
})
app.get('/healthz', async () => ({ status: 'ok' }))
app.post('/invoices', async (request, reply) => {
  await pool.query('insert into bench_invoices (content) values ($1)', [request.body])
  return reply.code(202).send({ accepted: true })
})

process.once('SIGTERM', () => void app.close().then(() => pool.end()))
await app.listen({ host: '127.0.0.1', port: Number(values.port) })
