import { expect, test } from 'vitest'
import type { Log } from '../log.ts'
import type { BudgetScope } from './rate-budget.ts'
import type { BudgetRedis } from './redis-scripts.ts'
import { createSharedBudget } from './shared-budget.ts'

const silent = () => undefined
const log: Log = { info: silent, warn: silent, error: silent }
const START_MS = Date.UTC(2026, 10, 20, 10)

/** A Redis that answers when the story says, and a clock that goes on when it says. */
function aStory() {
  const asked: {
    script: string
    argument: { id: string; counts: boolean; settles: boolean; counters: { told: [number, string][] }[] }
  }[] = []
  const answers: ((answer: number[] | Promise<never>) => void)[] = []
  let atMs = START_MS
  const redis: BudgetRedis = {
    losses: () => 0,
    run: (script, _keys, argument) => {
      asked.push({ script, argument: JSON.parse(argument) })
      return new Promise((resolve) => answers.push(resolve))
    },
  }
  const budget = createSharedBudget({
    redis,
    egress: 'default',
    now: () => new Date(atMs),
    randomBytes: (length) => new Uint8Array(length),
    log,
  })
  return {
    budget,
    asked,
    pass(ms: number) {
      atMs += ms
    },
    /** Answers the oldest question that waits. */
    answer: (waitMs: number, birth: number) => answers.shift()?.([waitMs, 0, birth, atMs]),
    /** Lets the oldest question that waits come to nothing. */
    fail: () => answers.shift()?.(Promise.reject(new Error('Command timed out'))),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

const scope: BudgetScope = {
  environment: 'test',
  context: { type: 'Nip', value: '5265877635' },
  limits: null,
  blocks: {},
  since: new Date(START_MS - 60_000),
}

test('a call that was let through right before the counters were lost is told with the others', async () => {
  const { budget, asked, answer, turn } = aStory()
  const began = budget.begin()
  answer(0, 1)
  await began
  const taken = budget.take(scope, 'invoiceSend')
  const looked = budget.begin()
  // Both answers come in one piece: the second is of counters that are new.
  answer(0, 1)
  answer(0, 2)
  await expect(taken).resolves.toEqual({ ok: true })
  await turn()
  const told = asked.at(-1)?.argument
  expect(told?.counts).toBe(false)
  expect(told?.counters.flatMap((counter) => counter.told)).toHaveLength(1)
  answer(0, 2)
  await looked
})

test('a permit that comes late counts from when it came', async () => {
  const { budget, asked, answer, pass } = aStory()
  const taken = budget.take(scope, 'invoiceSend', { ended: new Promise(() => {}) })
  pass(600)
  answer(0, 1)
  await expect(taken).resolves.toEqual({ ok: true })
  expect(asked.map(({ script }) => script)).toEqual(['take', 'retime'])
})

test('a permit that comes so late that others may have had its place is changed for a new one', async () => {
  const { budget, asked, answer, pass, turn } = aStory()
  const taken = budget.take(scope, 'invoiceSend')
  pass(1_001)
  answer(0, 1)
  await turn()
  expect(asked.map(({ script, argument }) => [script, argument.id])).toEqual([
    ['take', asked[0]?.argument.id],
    ['take', asked[0]?.argument.id],
  ])
  answer(700, 1)
  await expect(taken).resolves.toEqual({ ok: false, retryAfterMs: 700, blocked: false })
  // What was given back is not told as called.
  const looked = budget.begin()
  for (let answered = 0; answered < 2; answered++) {
    answer(0, 2)
    await turn()
  }
  await looked
  expect(asked.flatMap(({ argument }) => argument.counters.flatMap(({ told }) => told))).toEqual([])
})

test('a call that was not answered asks again under its name, so that it is counted once', async () => {
  const { budget, asked, answer, fail, pass } = aStory()
  const by = { ended: new Promise<void>(() => {}) }
  const taken = budget.take(scope, 'invoiceSend', by)
  pass(1_000)
  fail()
  await expect(taken).resolves.toMatchObject({ ok: false })
  const again = budget.take(scope, 'invoiceSend', by)
  answer(0, 1)
  await expect(again).resolves.toEqual({ ok: true })
  const another = budget.take(scope, 'invoiceSend', { ended: new Promise<void>(() => {}) })
  answer(0, 1)
  await another
  const [first, second, third] = asked.map(({ argument }) => argument.id)
  expect([second === first, third === first]).toEqual([true, false])
})

test('a permit that always comes late is taken as it is in the end', async () => {
  const { budget, answer, pass, turn } = aStory()
  const taken = budget.take(scope, 'invoiceSend')
  for (let asked = 0; asked < 3; asked++) {
    pass(1_001)
    answer(0, 1)
    await turn()
  }
  await expect(taken).resolves.toEqual({ ok: true })
})

test('a Redis that did not answer once leads to no spending of its own: the call waits and asks again', async () => {
  const { budget, asked, answer, fail, pass } = aStory()
  const taken = budget.take(scope, 'invoiceSend')
  pass(1_000)
  fail()
  await expect(taken).resolves.toEqual({ ok: false, retryAfterMs: 1_000, blocked: false })
  pass(500)
  const again = budget.take(scope, 'invoiceSend')
  answer(0, 1)
  await expect(again).resolves.toEqual({ ok: true })
  // Nobody called without it meanwhile.
  expect(asked.map(({ argument }) => argument.settles)).toEqual([false, false])
})

test('a Redis that is away for longer is done without, and told so when it is back', async () => {
  const { budget, asked, answer, fail, pass, turn } = aStory()
  const began = budget.begin()
  fail()
  await began
  pass(2_000)
  const alone = budget.take(scope, 'invoiceSend')
  fail()
  await expect(alone).resolves.toEqual({ ok: true })
  pass(100)
  const back = budget.begin()
  answer(0, 1)
  await turn()
  answer(0, 1)
  await back
  expect(asked.map(({ argument }) => argument.settles)).toEqual([false, true, true, false])
  expect(asked.at(-1)?.argument.counters.flatMap(({ told }) => told)).toHaveLength(1)
})

test('a call that takes long counts anew while it does and when it is over, and a prompt one does not', async () => {
  const { budget, asked, answer, pass, turn } = aStory()
  const permitted = async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const taken = budget.take(scope, 'invoiceSend', { ended })
    answer(0, 1)
    await expect(taken).resolves.toEqual({ ok: true })
    return end
  }
  const looked = async () => {
    const began = budget.begin()
    for (let look = 0; look < 2; look++) answer(0, 1)
    await began
  }
  const scripts = () => asked.splice(0).map(({ script }) => script)
  const endPrompt = await permitted()
  pass(200)
  await looked()
  endPrompt()
  await turn()
  expect(scripts()).toEqual(['take', 'take'])
  const endLong = await permitted()
  pass(400)
  await looked()
  pass(400)
  endLong()
  await turn()
  answer(0, 1)
  expect(scripts()).toEqual(['take', 'retime', 'take', 'retime'])
  await looked()
  expect(scripts()).toEqual(['take'])
})

test('a call of which Redis did not hear that it took long is told with its end', async () => {
  const { budget, asked, answer, fail, pass, turn } = aStory()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const taken = budget.take(scope, 'invoiceSend', { ended })
  answer(0, 1)
  await expect(taken).resolves.toEqual({ ok: true })
  pass(400)
  end()
  await turn()
  fail()
  await turn()
  pass(100)
  const again = budget.take(scope, 'invoiceSend')
  answer(0, 1)
  await expect(again).resolves.toEqual({ ok: true })
  expect(asked.at(-1)?.argument.counters.map(({ told }) => told.map(([ageMs]) => ageMs))).toEqual([[100], []])
})
