/** Access tokens across two instances that share a real Redis: signed in for once, renewed in time, never another's. */
import { randomBytes } from 'node:crypto'
import { type AccessSubject, type AccessTokens, createAccessTokens, createSealer } from '@ksef-fleet/core'
import type { Sealed } from '@ksef-fleet/ksef'
import { connectCacheRedis } from '@ksef-fleet/worker/redis'
import { redisTokenCache } from '@ksef-fleet/worker/redis-token-cache'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { everythingIn } from '../redis-contents.ts'
import { type DeliveryFleet, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { answerWith, calm, exception } from './faults.ts'

const SIGN_IN = 'POST /auth/xades-signature'
const REFRESH = 'POST /auth/token/refresh'
const MINUTE_MS = 60_000

let fleet: DeliveryFleet
let clerk: DeliveryWorker
let redis: Redis
let sealer: ReturnType<typeof createSealer>
let offsetMs: number
const opened: Redis[] = []

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  clerk = fleet.worker()
})
beforeEach(async () => {
  // A master key of its own makes each story begin with an empty shelf.
  sealer = createSealer(randomBytes(32), randomBytes)
  redis = connect(process.env.FLEET_TEST_REDIS_URL ?? '')
  await redis.flushdb()
  await travel(0)
})
afterEach(() => calm(fleet))
afterAll(async () => {
  for (const one of opened) one.disconnect()
  await fleet.close()
})

function connect(url: string): Redis {
  const connection = connectCacheRedis(url, { info() {}, warn() {}, error() {} })
  opened.push(connection)
  return connection
}

/** Moves the fleet's clock and KSeF's together. */
async function travel(ms: number): Promise<void> {
  offsetMs = ms
  await fleet.control('POST', '/clock', { offsetMs: ms })
}

/** One process of the fleet, as far as tokens go. */
function instance(cache = redis): AccessTokens {
  const { context } = fleet.worker()
  const now = () => new Date(Date.now() + offsetMs)
  return createAccessTokens({ ...context, now, sealer, cache: redisTokenCache(cache) })
}

const count = (operation: string) => fleet.simulator.ledger.snapshot().operations[operation] ?? 0

type Owner = AccessSubject

async function owner(): Promise<Owner> {
  const { id, integration } = await fleet.company()
  const ksef = await clerk.context.contexts.forCompany(id)
  return { ...ksef.subject, about: integration.id }
}

async function tokenOf(access: AccessTokens, subject: Owner): Promise<Sealed<string>> {
  const answer = await access.of(subject)
  if (!answer.ok) throw new Error(answer.failure.code)
  return answer.token
}

const textOf = async (access: AccessTokens, of: Owner) => (await tokenOf(access, of)).reveal()
const nipIn = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).civ

describe('access tokens', () => {
  test('a storm of 1,000 callers for 100 owners in two processes signs in 100 times', async () => {
    const owners: Owner[] = []
    for (let batch = 0; batch < 10; batch++)
      owners.push(...(await Promise.all(Array.from({ length: 10 }, owner))))
    const instances = [instance(), instance()]
    const before = count(SIGN_IN)
    const tokens = await Promise.all(
      owners.flatMap((one) =>
        instances.flatMap((access) =>
          Array.from({ length: 5 }, async () => [one.context.value, await textOf(access, one)] as const),
        ),
      ),
    )
    expect(tokens).toHaveLength(1_000)
    expect(count(SIGN_IN) - before).toBe(100)
    for (const [nip, token] of tokens) expect(nipIn(token)).toBe(nip)
    expect(new Set(tokens.map(([, token]) => token)).size).toBe(100)
  }, 180_000)

  test('near its end one process renews it, and all use the new one', async () => {
    const one = await owner()
    const instances = [instance(), instance()]
    const old = await textOf(instances[0]!, one)
    const [signIns, refreshes] = [count(SIGN_IN), count(REFRESH)]
    await travel(12.5 * MINUTE_MS)
    const renewed = await Promise.all(instances.flatMap((access) => [1, 2, 3].map(() => textOf(access, one))))
    expect(count(SIGN_IN) - signIns).toBe(0)
    expect(count(REFRESH) - refreshes).toBe(1)
    const now = await Promise.all(instances.map((access) => textOf(access, one)))
    expect(new Set(now).size).toBe(1)
    expect(now[0]).not.toBe(old)
    for (const token of renewed) expect([old, now[0]]).toContain(token)
  })

  test('a refresh that is refused leads to one full sign-in', async () => {
    const one = await owner()
    const access = instance()
    await textOf(access, one)
    await travel(14 * MINUTE_MS)
    await answerWith(fleet, REFRESH, { httpStatus: 400, body: exception(21301) })
    const before = count(SIGN_IN)
    await Promise.all([1, 2, 3, 4].map(() => textOf(access, one)))
    expect(count(SIGN_IN) - before).toBe(1)
  })

  test('while KSeF cannot renew it the good old one is used, and KSeF is not asked for each call', async () => {
    const one = await owner()
    const access = instance()
    const old = await textOf(access, one)
    await travel(12.5 * MINUTE_MS)
    await answerWith(fleet, REFRESH, { httpStatus: 500, times: 100 })
    await answerWith(fleet, 'POST /auth/challenge', { httpStatus: 500, times: 100 })
    const before = count(REFRESH)
    for (let call = 0; call < 10; call++) expect(await textOf(access, one)).toBe(old)
    expect(count(REFRESH) - before).toBe(1)
  })

  test('past its end a token is never used, whatever KSeF does', async () => {
    const one = await owner()
    const access = instance()
    await textOf(access, one)
    await travel(15 * MINUTE_MS)
    await answerWith(fleet, REFRESH, { httpStatus: 500, times: 100 })
    await answerWith(fleet, 'POST /auth/challenge', { httpStatus: 500, times: 100 })
    expect(await access.of(one)).toMatchObject({ ok: false })
  })

  test('without Redis each process signs in for itself, and none waits for Redis', async () => {
    const one = await owner()
    const before = count(SIGN_IN)
    const alone = [instance(connect('redis://127.0.0.1:1')), instance(connect('redis://127.0.0.1:1'))]
    await Promise.all(alone.map((access) => textOf(access, one)))
    await Promise.all(alone.map((access) => textOf(access, one)))
    expect(count(SIGN_IN) - before).toBe(2)
  })

  test.each([
    ['rubbish', () => 'rubbish'],
    ['cut', (value: string) => value.slice(0, -4)],
    [
      'sealed under another master key',
      () => createSealer(randomBytes(32), randomBytes).seal(Buffer.from('{}'), []),
    ],
  ])('a cached value that is %s is a miss', async (_, spoil) => {
    const one = await owner()
    await textOf(instance(), one)
    for (const key of await redis.keys('fleet-token-*'))
      await redis.set(key, spoil((await redis.get(key)) ?? ''))
    const before = count(SIGN_IN)
    expect(nipIn(await textOf(instance(), one))).toBe(one.context.value)
    expect(count(SIGN_IN) - before).toBe(1)
  })

  test('cached values swapped between two companies open for neither', async () => {
    const [one, other] = [await owner(), await owner()]
    const first = instance()
    await textOf(first, one)
    await textOf(first, other)
    const [a = '', b = ''] = (await redis.keys('fleet-token-*')).filter((key) => !key.endsWith('-lock'))
    const [valueA, valueB] = [await redis.get(a), await redis.get(b)]
    await redis.set(a, valueB ?? '')
    await redis.set(b, valueA ?? '')
    const second = instance()
    for (const company of [one, other])
      expect(nipIn(await textOf(second, company))).toBe(company.context.value)
  })

  test('nothing in Redis shows a token or a NIP', async () => {
    const one = await owner()
    const token = await textOf(instance(), one)
    const kept = await everythingIn(redis)
    expect(kept.length).toBeGreaterThan(0)
    for (const text of kept) {
      for (const planted of [
        token,
        token.slice(0, 16),
        one.context.value,
        Buffer.from(token).toString('base64'),
      ])
        expect(text).not.toContain(planted)
    }
  })

  test('a token that KSeF refused is forgotten everywhere; a newer one that took its place is not', async () => {
    const one = await owner()
    const instances = [instance(), instance()]
    const refused = await tokenOf(instances[0]!, one)
    await tokenOf(instances[1]!, one)
    await Promise.all(instances.map((access) => access.drop(one, refused)))
    const before = count(SIGN_IN)
    const fresh = await textOf(instances[0]!, one)
    // A call that was under way with the old token comes back refused only now.
    await instances[0]!.drop(one, refused)
    expect(await textOf(instances[0]!, one)).toBe(fresh)
    expect(await textOf(instances[1]!, one)).toBe(fresh)
    expect(count(SIGN_IN) - before).toBe(1)
  })

  test('a token that says it is another company’s is not used, whoever mixed them up', async () => {
    const [one, other] = [await owner(), await owner()]
    const foreign = await textOf(instance(), other)
    const token = { token: foreign, validUntil: new Date(Date.now() + 15 * MINUTE_MS).toISOString() }
    await answerWith(fleet, 'POST /auth/token/redeem', {
      httpStatus: 200,
      body: { accessToken: token, refreshToken: token },
    })
    await expect(instance().of(one)).rejects.toMatchObject({
      code: 'CREDENTIAL_WRONG_CONTEXT',
    })
  })
})
