/**
 * Sign-ins and refreshes that fail, by the rows of the fault table:
 * E1  a hundred processes renew a token once              here; the 401 and its one repetition: context-manager, sending
 * E2  a refresh refused for good                          here
 * E3  a refresh that KSeF fails to answer                 delivery/access-tokens
 * E4  a redemption whose answer is lost                   here
 * E5  a sign-in refused: 415, 425, 450, 460, 470, 480     here; a certificate of many companies: permissions
 * E6  a permission taken back while the token lives       permissions
 * E7  a token rotated under load                          rotation
 * E8  a version left pending                              core/test/ksef-secret-manager
 * E9, E10  Secrets Manager throttles, fails, is silent    secrets-manager-outage; each of its errors: core/test/secret-outage
 * E11, E12  a broken secret, another owner's              broken-secrets; by a wrong row: secret-faults
 * E13  clocks that are off                                redis-and-clocks; the token's life: context-manager
 */
import { createAccessTokens } from '@ksef-fleet/core'
import { redisTokenCache } from '@ksef-fleet/worker/redis-token-cache'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Connected,
  type DeliveryFleet,
  invoiceOf,
  startDeliveryFleet,
} from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { answerWith, arm, calm, exception } from '../delivery/faults.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import { ownersView } from './credentials-at-ksef.ts'
import { countOf, SIGN_IN } from './provider-side.ts'

const REFRESH = 'POST /auth/token/refresh'
const REDEEM = 'POST /auth/token/redeem'
const TOKEN_SIGN_IN = 'POST /auth/ksef-token'
const MINUTE_MS = 60_000
const PROCESSES = 100

let fleet: DeliveryFleet
let redis: Redis
let offsetMs = 0
const now = () => new Date(Date.now() + offsetMs)

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
})
afterEach(async () => {
  await calm(fleet)
  await fleet.control('DELETE', '/outcomes')
  await travel(0)
})
afterAll(async () => {
  redis?.disconnect()
  await fleet?.close()
})

/** The fleet's clock and KSeF's go together. */
async function travel(ms: number): Promise<void> {
  offsetMs = ms
  await fleet.control('POST', '/clock', { offsetMs: ms })
}

const signIns = () => countOf(fleet, SIGN_IN) + countOf(fleet, TOKEN_SIGN_IN)

const accept = ({ id, nip }: Connected, name: string) => fleet.accept(id, invoiceOf(nip, `${name}/${nip}`))

const tokenCompany = (): Promise<Connected> =>
  fleet.company(async (nip) => {
    const owner = await ownersView(clerk().context.ksef, fleet.ksefUrl, nip)
    return owner.newToken()
  })

let lazy: DeliveryWorker | undefined
function clerk(): DeliveryWorker {
  lazy ??= fleet.worker()
  return lazy
}

/** As if the time had passed for which KSeF is left alone after a failure. */
const endWaits = ({ id }: Connected) =>
  fleet.admin.query('update ksef_integrations set blocked_until = null where company_id = $1', [id])

/** The fleet is back from its journey in time, KSeF is not; timers that were set on it are over. */
async function comeBack({ id }: Connected): Promise<void> {
  offsetMs = 0
  await fleet.admin.query(
    'update submissions set next_poll_at = now() where company_id = $1 and next_poll_at is not null',
    [id],
  )
}

const reasonsOf = async ({ id }: Connected) =>
  (await fleet.submissions(id)).map(({ state, reason }) => `${state} ${reason?.code ?? ''}`.trim())

test(`a token near its end is renewed once by ${PROCESSES} processes that all hold it`, async () => {
  const { id, integration } = await fleet.company()
  const worker = fleet.worker({ now })
  const ksef = await worker.context.contexts.forCompany(id)
  const subject = { ...ksef.subject, about: integration.id }
  const processes = Array.from({ length: PROCESSES }, () =>
    createAccessTokens({ ...worker.context, log: worker.context.log, cache: redisTokenCache(redis) }),
  )
  const textsOf = () =>
    Promise.all(
      processes.map(async (one) => {
        const answer = await one.of(subject)
        return answer.ok ? answer.token.reveal() : answer.failure.code
      }),
    )
  const [old] = new Set(await textsOf())
  const [before, refreshes] = [signIns(), countOf(fleet, REFRESH)]
  await travel(12.5 * MINUTE_MS)
  await textsOf()
  const renewed = new Set(await textsOf())
  expect(renewed.size).toBe(1)
  expect(renewed).not.toContain(old)
  expect(countOf(fleet, REFRESH) - refreshes).toBe(1)
  expect(signIns() - before).toBe(0)
})

describe('a refresh that KSeF refuses for good', () => {
  test.each([21301, 21304])('(%i) costs one sign-in, and what waits is sent', async (code) => {
    const company = await fleet.company()
    const worker = fleet.worker({ now })
    await accept(company, 'FIRST')
    await drive(fleet, [worker], { companies: [company.id] })
    await travel(14.5 * MINUTE_MS)
    await answerWith(fleet, REFRESH, { httpStatus: 400, body: exception(code), times: 100 })
    const [before, refreshes] = [signIns(), countOf(fleet, REFRESH)]
    await accept(company, 'SECOND')
    await worker.run('send-pending', { companyId: company.id })
    expect(await reasonsOf(company)).toEqual(['sent', 'receipted'])
    expect([signIns() - before, countOf(fleet, REFRESH) - refreshes]).toEqual([1, 1])
    await comeBack(company)
    await drive(fleet, [worker], { companies: [company.id] })
    expect(await reasonsOf(company)).toEqual(['receipted', 'receipted'])
  })

  test('and whose sign-in is refused as well stops the company with the reason', async () => {
    const company = await fleet.company()
    const worker = fleet.worker({ now })
    await accept(company, 'FIRST')
    await drive(fleet, [worker], { companies: [company.id] })
    await travel(14.5 * MINUTE_MS)
    await answerWith(fleet, REFRESH, { httpStatus: 400, body: exception(21301), times: 100 })
    await fleet.control('POST', '/outcomes', { kind: 'authentication', code: 460, times: 100 })
    const before = signIns()
    await accept(company, 'STOPPED')
    await drive(fleet, [worker], { companies: [company.id] })
    for (let round = 0; round < 5; round++) await turn(fleet, [worker], { companies: [company.id] })
    expect(await reasonsOf(company)).toEqual(['held CREDENTIAL_REFUSED', 'receipted'])
    expect(signIns() - before).toBeLessThanOrEqual(2)
  })
})

test('a redemption whose answer is lost leads to another sign-in, and to no loop', async () => {
  const company = await fleet.company()
  await redis.flushdb()
  const worker = fleet.worker()
  await arm(fleet, REDEEM, { mode: 'drop-answer-after-effect', times: 1 })
  const [before, redemptions] = [signIns(), countOf(fleet, REDEEM)]
  await accept(company, 'REDEEMED')
  await turn(fleet, [worker], { companies: [company.id] })
  expect(await reasonsOf(company)).toEqual(['pending'])
  expect([signIns() - before, countOf(fleet, REDEEM) - redemptions]).toEqual([1, 1])

  await endWaits(company)
  await drive(fleet, [worker], { companies: [company.id] })
  expect(await reasonsOf(company)).toEqual(['receipted'])
  expect([signIns() - before, countOf(fleet, REDEEM) - redemptions]).toEqual([2, 2])
  await checkLedger(fleet, company)
})

/**
 * What KSeF says of a sign-in, what the company is told, and how often KSeF is asked when the fleet looks again by itself: it
 * looks whether another credential is there, and only a permission may have come back.
 */
const REFUSALS = [
  { status: 415, reason: 'KSEF_PERMISSION_MISSING', again: 1 },
  { status: 425, reason: 'CREDENTIAL_REFUSED', again: 0 },
  { status: 450, reason: 'CREDENTIAL_REFUSED', again: 0 },
  { status: 460, reason: 'CREDENTIAL_REFUSED', again: 0 },
  { status: 470, reason: 'CREDENTIAL_REFUSED', again: 0 },
  { status: 480, reason: 'CREDENTIAL_REFUSED', again: 0 },
]

describe('a sign-in that KSeF refuses', () => {
  test.each(REFUSALS)(
    'with $status is made twice at most by two workers, and $reason is told',
    async ({ status, reason, again }) => {
      const company = status === 450 ? await tokenCompany() : await fleet.company()
      await redis.flushdb()
      await fleet.control('POST', '/outcomes', { kind: 'authentication', code: status, times: 100 })
      const workers = [fleet.worker(), fleet.worker()]
      const before = signIns()
      for (let n = 0; n < 4; n++) await accept(company, `REFUSED/${n}`)
      await drive(fleet, workers, { companies: [company.id] })
      for (let round = 0; round < 5; round++) await turn(fleet, workers, { companies: [company.id] })
      expect(new Set(await reasonsOf(company))).toEqual(new Set([`held ${reason}`]))
      expect(signIns() - before).toBeLessThanOrEqual(2)

      // An hour later, in a worker that remembers nothing: what comes in joins the others, and KSeF is left alone.
      await redis.flushdb()
      await travel(60 * MINUTE_MS)
      const later = fleet.worker({ now })
      await accept(company, 'LATER')
      await fleet.admin.query(
        'update ksef_integrations set verify_due_at = now() where company_id = $1 and verify_due_at is not null',
        [company.id],
      )
      const asked = signIns()
      for (let round = 0; round < 3; round++) await turn(fleet, [later], { companies: [company.id] })
      expect(signIns() - asked).toBe(again)
      expect(await reasonsOf(company)).toEqual(Array.from({ length: 5 }, () => `held ${reason}`))
      expect(await postsOf(fleet, company)).toEqual([0, 0, 0, 0, 0])
    },
  )
})
