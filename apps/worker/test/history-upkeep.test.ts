import { randomUUID } from 'node:crypto'
import { CompanyId, createLogger, placeEvents } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import pg from 'pg'
import { expect, test } from 'vitest'
import { startHistoryRetention } from '../src/history-upkeep.ts'

test('the log tells how many events went, and how many deliveries were given up before', async () => {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const db = resources.adopt(connect({ ...database, poolSize: 4 }), (connected) => connected.close())
  const admin = resources.adopt(new pg.Client({ connectionString: database.adminUrl }), (client) =>
    client.end(),
  )
  await admin.connect()
  const [company, webhook] = [CompanyId.parse(randomUUID()), randomUUID()]
  await admin.query(
    `insert into companies (id, nip, name, created_at) values ($1, '1111111111', 'Firma', now())`,
    [company],
  )
  await admin.query(
    `insert into webhook_endpoints (id, company_id, url, name, ordered, state, secrets, failures, created_at)
     values ($1, $2, 'https://receiver.example/', '', false, 'enabled', '[]', 0, now())`,
    [webhook, company],
  )
  await db.withCompany(company, (tx) =>
    tx.events.addAll(
      ['gone', 'going', 'young'].map((subject) => ({
        type: 'integration.revoked',
        subject,
        key: subject,
        data: { held: 0 },
      })),
    ),
  )
  await placeEvents(db)
  await admin.query(
    `update events set at = now() - case subject when 'gone' then interval '2 months'
       when 'going' then interval '1 month' - interval '3 days' else interval '1 day' end`,
  )
  await admin.query(`update webhook_endpoints set state = 'disabled'`)
  const lines: string[] = []
  const log = createLogger({
    service: 'worker',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  })
  const upkeep = startHistoryRetention({ db, log, eventMonths: 1, exportDays: 90, pauseMs: 20 })
  resources.adopt(upkeep, (loop) => loop.stop())
  await expect
    .poll(() => lines.map((line) => JSON.parse(line)))
    .toMatchObject([{ event: 'history.retired', count: 1, givenUp: 2 }])
  const { rows } = await admin.query('select e.subject from events e order by e.position')
  expect(rows).toEqual([{ subject: 'going' }, { subject: 'young' }])
})
