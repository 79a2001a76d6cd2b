// Groups and limits against the official OpenAPI file: `x-rate-limits`, and the group that each 429 names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import {
  type KsefOperation,
  LIMIT_GROUP_OF,
  type LimitGroup,
  limitCounterOf,
  limitGroupOfCounter,
  OPERATIONS,
  PUBLISHED_LIMITS,
  UNBOUND,
} from '../src/index.ts'

const directory = process.env['KSEF_CONTRACT_DIR']
if (directory === undefined)
  console.warn('SKIPPED, KSEF_CONTRACT_DIR is not set: limit groups against the official contract')

const Operation = z.object({
  'x-rate-limits': z.object({
    perSecond: z.int(),
    perMinute: z.int().optional(),
    perHour: z.int().optional(),
  }),
  responses: z.object({ '429': z.object({ description: z.string() }) }),
})
const Contract = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

const operations = Object.keys(OPERATIONS) as KsefOperation[]
const groupOf = (operation: KsefOperation): LimitGroup | null => LIMIT_GROUP_OF[operation]

/** API 2.8.0 took closing out of the group of opening; the file at hand may be older (limity-api.md, 14.09.2026). */
const CLOSING: Partial<Record<KsefOperation, { group: LimitGroup; formerly: string }>> = {
  closeOnlineSession: { group: 'onlineSessionClose', formerly: 'onlineSession' },
  closeBatchSession: { group: 'batchSessionClose', formerly: 'batchSession' },
}

test.skipIf(directory === undefined).each(operations.filter((name) => OPERATIONS[name].path !== null))(
  '%s has the group and the limits of the contract',
  (name) => {
    const { paths } = Contract.parse(JSON.parse(readFileSync(join(directory ?? '', 'open-api.json'), 'utf8')))
    const { path, method } = OPERATIONS[name]
    const declared = Operation.parse(paths[path ?? '']?.[method.toLowerCase()])
    const named = /\| (\w+)\s*$/.exec(declared.responses['429'].description.trim())?.[1]
    const group = groupOf(name)
    const former = CLOSING[name]
    if (former !== undefined) {
      expect([former.group, former.formerly]).toContain(named)
      if (named === former.formerly) return
    }
    expect(group).toBe(named ?? 'anonymous')
    const limits = declared['x-rate-limits']
    expect(PUBLISHED_LIMITS[group ?? 'global']).toEqual({
      perSecond: limits.perSecond,
      perMinute: limits.perMinute ?? UNBOUND,
      perHour: limits.perHour ?? UNBOUND,
    })
  },
)

test('only what is asked outside the API is not counted: pre-signed links and the lighthouse', () => {
  const uncounted = operations.filter((name) => limitCounterOf(name) === null)
  expect(uncounted).toEqual(operations.filter((name) => OPERATIONS[name].path === null))
})

test('operations of one group spend from one counter, but those of the group other each from its own', () => {
  const counters = operations.map(limitCounterOf).filter((counter) => counter !== null)
  const other = operations.filter((name) => groupOf(name) === 'other')
  expect(new Set(other.map(limitCounterOf)).size).toBe(other.length)
  expect(limitCounterOf('getInvoiceUpo')).toBe(limitCounterOf('getSessionStatus'))
  for (const counter of counters) expect(PUBLISHED_LIMITS).toHaveProperty(limitGroupOfCounter(counter))
  expect(limitGroupOfCounter('other getRateLimits')).toBe('other')
})
