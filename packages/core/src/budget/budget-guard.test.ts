import type { KsefOperation } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import { budgetGuard, SAT_OUT_MS } from './budget-guard.ts'
import type { BudgetScope, Taken } from './rate-budget.ts'

const scope: BudgetScope = {
  environment: 'test',
  context: { type: 'Nip', value: '5265877635' },
  limits: null,
  blocks: {},
  since: null,
}

/** A guard over what the budget answers in turn; the last answer repeats. */
function guarded(
  answers: readonly Taken[],
  { purpose = 'delivery', sitOutMs }: { purpose?: 'delivery' | 'sync'; sitOutMs?: number } = {},
) {
  const asked: { counter: string; share: number | undefined }[] = []
  const slept: number[] = []
  const take = async (
    _: BudgetScope,
    counter: string,
    { share }: { share?: number } = {},
  ): Promise<Taken> => {
    asked.push({ counter, share })
    return answers[Math.min(asked.length, answers.length) - 1] ?? { ok: true }
  }
  const sleep = async (ms: number) => void slept.push(ms)
  const guard = budgetGuard({ take, sitOutMs }, { scope, purpose, sleep })
  const ended = Promise.resolve()
  return { asked, slept, ask: (operation: KsefOperation) => guard({ operation, ended }) }
}
const wait = (retryAfterMs: number, blocked = false): Taken => ({ ok: false, retryAfterMs, blocked })

test('a call with room goes at once, in its own counter', async () => {
  const { asked, slept, ask } = guarded([{ ok: true }])
  expect([await ask('sendInvoice'), await ask('getRateLimits')]).toEqual([null, null])
  expect(asked.map(({ counter }) => counter)).toEqual(['invoiceSend', 'other getRateLimits'])
  expect(slept).toEqual([])
})

test('a short wait is sat out, and asked for again afterwards', async () => {
  const { slept, ask } = guarded([wait(700), wait(300), { ok: true }])
  expect(await ask('sendInvoice')).toBeNull()
  expect(slept).toEqual([700, 300])
})

test('a long wait is refused, to the millisecond, with no effect', async () => {
  const { slept, ask } = guarded([wait(12_345)])
  expect(await ask('sendInvoice')).toEqual({
    operation: 'sendInvoice',
    kind: 'held-back',
    effect: 'none',
    code: 'KSEF_BUDGET_SPENT',
    retryAfterSeconds: 12.345,
  })
  expect(slept).toEqual([])
})

test('short waits add up: whoever is overtaken again and again is refused in the end', async () => {
  const { slept, ask } = guarded([wait(900)])
  expect(await ask('sendInvoice')).toMatchObject({ retryAfterSeconds: 0.9 })
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(SAT_OUT_MS)
})

test("how long a wait is sat out is the budget's to say", async () => {
  const patient = guarded([wait(700), { ok: true }], { sitOutMs: 700 })
  expect(await patient.ask('sendInvoice')).toBeNull()
  const hasty = guarded([wait(701)], { sitOutMs: 700 })
  expect(await hasty.ask('sendInvoice')).toMatchObject({ kind: 'held-back', retryAfterSeconds: 0.701 })
})

test('a sign-in that has begun waits longer than one that has not', async () => {
  const begun = guarded([wait(3_000), { ok: true }])
  expect(await begun.ask('redeemTokens')).toBeNull()
  const begins = guarded([wait(3_000), { ok: true }])
  expect(await begins.ask('requestChallenge')).toMatchObject({ kind: 'held-back' })
})

test('a pre-signed link is not counted', async () => {
  const { asked, ask } = guarded([wait(9_999)])
  expect([await ask('downloadUpo'), asked]).toEqual([null, []])
})

test('receiving asks for half of what sending needs as well', async () => {
  const { asked, ask } = guarded([{ ok: true }], { purpose: 'sync' })
  await ask('queryInvoiceMetadata')
  expect(asked).toEqual([{ counter: 'invoiceMetadata', share: 1 / 2 }])
})
