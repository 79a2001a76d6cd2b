/** What is wrong with what is the provider's own and serves every company. */
import { createSelfSignedCertificate } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const DAY_MS = 86_400_000

const examine = async (key = api.providerKey) => (await api.call({ url: '/v1/doctor', key })).json()
const codesOf = ({ findings }: { findings: { code: string; severity: string; who: string }[] }) =>
  findings.map(({ code, severity, who }) => [code, severity, who])

const makeWebhook = async (base: string, name: string): Promise<string> =>
  (await api.call({ url: base, json: { url: 'https://receiver.example/hook', name } })).json().id

async function takeIn(name: string, daysLeft: number): Promise<string> {
  const pem = await createSelfSignedCertificate({
    nip: '7777777777',
    name: 'Biuro',
    algorithm: 'ecdsa-p256',
    notBefore: new Date(Date.now() - 100 * DAY_MS),
    notAfter: new Date(Date.now() + daysLeft * DAY_MS),
  })
  const credential = { type: 'certificate', ...pem }
  const made = await api.call({ url: '/v1/credentials', json: { name, autoRenew: false, credential } })
  expect(made.statusCode, made.body).toBe(201)
  return made.json().id
}

test('the doctor of the provider is content while nothing is wrong, and no company asks it', async () => {
  const operator = (await api.call({ url: '/v1/api-keys', json: { name: 'ops', role: 'operator' } })).json()
  for (const key of [api.providerKey, operator.key]) {
    const { well, findings } = await examine(key)
    expect([well, findings.length]).toEqual([true, 1])
    expect(findings[0]).toMatchObject({ code: 'ALL_WELL', severity: 'tells', since: null, who: 'nobody' })
  }
  const refused = await api.call({ url: '/v1/doctor', key: api.a.key })
  expect([refused.statusCode, refused.json().code]).toEqual([403, 'SCOPE_INSUFFICIENT'])
})

describe('of webhooks the doctor', () => {
  const DISABLED_AT = '2026-11-20T10:00:00.000Z'
  const disable = (id: string, code: string | null) =>
    api.query(
      `update webhook_endpoints set state = 'disabled', disabled_code = $2, disabled_at = $3 where id = $1`,
      [id, code, DISABLED_AT],
    )

  test('of the provider names its own that the fleet disabled, since when, and what to do', async () => {
    const gone = await makeWebhook('/v1/webhooks', 'ERP')
    await disable(gone, 'WEBHOOK_GONE')
    await disable(await makeWebhook('/v1/webhooks', 'on purpose'), null)
    await disable(await makeWebhook(`/v1/companies/${api.a.id}/webhooks`, 'of a company'), 'WEBHOOK_GONE')
    const metrics = (await api.call({ url: '/metrics', key: null })).body
    expect(metrics).toMatch(/^ksef_fleet_webhooks_disabled 2$/m)
    const { well, findings } = await examine()
    expect([well, findings.length]).toEqual([false, 1])
    expect(findings[0]).toMatchObject({
      code: 'WEBHOOK_GONE',
      severity: 'warns',
      since: DISABLED_AT,
      says: expect.stringContaining('"ERP"'),
      who: 'provider',
      do: expect.stringContaining(`/v1/webhooks/${gone}`),
    })
    const webhook = await api.call({ url: `/v1/webhooks/${gone}` })
    expect(webhook.json()).toMatchObject({ disabledCode: 'WEBHOOK_GONE', disabledAt: DISABLED_AT })
    const enabled = await api.call({ url: `/v1/webhooks/${gone}`, method: 'PATCH', json: { enabled: true } })
    expect(enabled.json()).toMatchObject({ enabled: true, disabledCode: null, disabledAt: null })
    expect((await examine()).well).toBe(true)
  })

  test('of a company tells since when as well', async () => {
    const id = await makeWebhook(`/v1/companies/${api.b.id}/webhooks`, 'Księgowość')
    await disable(id, 'WEBHOOK_KEEPS_FAILING')
    const { findings } = (await api.call({ url: `/v1/companies/${api.b.id}/doctor`, key: api.b.key })).json()
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'WEBHOOK_KEEPS_FAILING',
        since: DISABLED_AT,
        do: expect.stringContaining(`/v1/companies/${api.b.id}/webhooks/${id}`),
      }),
    )
    expect((await examine()).well).toBe(true)
  })
})

test('the doctor of the provider tells of KSeF out of reach, and since when', async () => {
  const since = new Date(Date.now() - 600_000).toISOString()
  const seen = `update ksef_availability set availability = $2, since = $3, looked_at = $4 where environment = $1`
  const away = { state: 'offline', mode: 'offline24' }
  await api.query(seen, ['test', JSON.stringify(away), since, new Date()])
  expect(await examine()).toMatchObject({ well: false, findings: [{ code: 'KSEF_OUT_OF_REACH', since }] })
  await api.query(seen, ['test', JSON.stringify({ state: 'online' }), since, new Date()])
  expect((await examine()).well).toBe(true)
})

test('the doctor of the provider tells of its credentials that end, have ended, and are refused', async () => {
  const ending = await takeIn('shared', 5)
  const soon = await examine()
  expect(codesOf(soon)).toEqual([['CREDENTIAL_EXPIRING', 'warns', 'provider']])
  expect(soon.findings[0].do).toContain(`POST /v1/credentials/${ending}/rotate`)
  const lasting = await takeIn('lasting', 400)
  const end = 'update ksef_credential_versions set not_after = $2 where credential_id = $1'
  const ended = new Date(Date.now() - DAY_MS)
  await api.query(end, [ending, ended])
  // Another one opens the contexts of companies as well, so nothing stops.
  const over = await examine()
  expect(codesOf(over)).toEqual([['CREDENTIAL_EXPIRED', 'warns', 'provider']])
  expect(over.findings[0].since).toBe(ended.toISOString())
  await api.query('update ksef_credential_versions set failure = $2 where credential_id = $1', [
    lasting,
    JSON.stringify({ code: 'CREDENTIAL_REFUSED' }),
  ])
  expect(codesOf(await examine())).toEqual([
    ['CREDENTIAL_REFUSED', 'stops', 'provider'],
    ['CREDENTIAL_EXPIRED', 'stops', 'provider'],
  ])
})
