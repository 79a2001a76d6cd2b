import { createLogger } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import pg from 'pg'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createCredentialOutlook } from '../src/credential-outlook.ts'
import { startHealthServer } from '../src/health.ts'

test('an outlook that cannot be had is told in the log once, however often it is asked for, and once that it is back', async () => {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const db = resources.adopt(connect({ ...database, poolSize: 4 }), (connected) => connected.close())
  const admin = resources.adopt(new pg.Client({ connectionString: database.adminUrl }), (client) =>
    client.end(),
  )
  await admin.connect()
  const lines: string[] = []
  const log = createLogger({
    service: 'worker',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  })
  let at = Date.now()
  const later = () => {
    at += 60_000
  }
  const credentials = createCredentialOutlook({ db, now: () => new Date(at), log })
  const server = resources.use(
    await startHealthServer({
      host: '127.0.0.1',
      port: 0,
      registry: new Registry(),
      checks: { postgres: () => db.check() },
      credentials,
    }),
  )
  const probe = async () => {
    later()
    const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`)
    return [answer.status, ((await answer.json()) as { credentials: unknown }).credentials === null]
  }
  const told = () => lines.map((line) => JSON.parse(line)).map(({ level, event }) => [level, event])

  expect(await probe()).toEqual([200, false])
  expect(told()).toEqual([])
  for (const [verb, direction] of [
    ['revoke', 'from'],
    ['grant', 'to'],
    ['revoke', 'from'],
  ] as const) {
    await admin.query(`${verb} select on ksef_credential_status ${direction} fleet_system`)
    for (let probes = 0; probes < 3; probes++) expect(await probe()).toEqual([200, verb === 'revoke'])
  }
  expect(told()).toEqual([
    ['warn', 'credential-outlook.unread'],
    ['info', 'credential-outlook.read-again'],
    ['warn', 'credential-outlook.unread'],
  ])
})
