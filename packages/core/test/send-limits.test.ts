import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { SEND_LIMITS } from '../src/companies/send-budget.ts'

const folder = process.env.KSEF_CONTRACT_DIR
if (folder === undefined) console.warn('SKIPPED: limits against the official contract; set KSEF_CONTRACT_DIR')

const Contract = z.object({
  paths: z.object({
    '/sessions/online/{referenceNumber}/invoices': z.object({
      post: z.object({
        'x-rate-limits': z.object({ perSecond: z.int(), perMinute: z.int(), perHour: z.int() }),
      }),
    }),
  }),
})

test.skipIf(folder === undefined)(
  'the limits of sending one by one are those of the official contract',
  () => {
    const { paths } = Contract.parse(JSON.parse(readFileSync(join(folder ?? '', 'open-api.json'), 'utf8')))
    const published = paths['/sessions/online/{referenceNumber}/invoices'].post['x-rate-limits']
    const ours = Object.fromEntries(SEND_LIMITS.map(({ window, max }) => [window, max]))
    expect(ours).toEqual({
      second: published.perSecond,
      minute: published.perMinute,
      hour: published.perHour,
    })
  },
)
