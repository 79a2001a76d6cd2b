import { randomBytes } from 'node:crypto'
import { BUDGET_SCRIPTS, CompanyId, createSharedBudget, readBudgetScope } from '@ksef-fleet/core'
import { createSelfSignedCertificate } from '@ksef-fleet/ksef'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectBudgetReader } from '../src/budget-reader.ts'
import { invoiceOf, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
let redis: Redis
beforeAll(async () => {
  redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
  // Counters that began long ago: none of them was lost.
  await redis.set('fleet-budget-birth', '1')
  api = await startApi()
})
afterAll(async () => {
  await redis.del('fleet-budget-birth')
  redis.disconnect()
  await api?.[Symbol.asyncDispose]()
})

const of = (companyId: string, what: string) => `/v1/companies/${companyId}/${what}`
const read = async (url: string, key?: string) =>
  (await api.call(key === undefined ? { url } : { url, key })).json()

const ACTIVE = `update ksef_integrations set state = 'active', permissions_in_force = '{InvoiceWrite}',
  nip_proof = '{"method": "attested", "at": "2026-11-22T10:00:00.000Z", "by": "test"}', failure = null,
  verified_at = now(), verify_due_at = null where company_id = $1`
const HELD = `update submissions set state = 'held', reason = '{"code": "KSEF_UNSETTLED"}', next_attempt_at = null where id = $1`

let nips = 6_111_111_111
async function newCompany(): Promise<string> {
  nips += 1
  const made = await api.call({ url: '/v1/companies', json: { nip: String(nips), name: 'New' } })
  expect(made.statusCode, made.body).toBe(201)
  return String(made.json().id)
}

describe('the status of a company', () => {
  test('says how it is connected, with what it signs in, what waits and what is left of its limits', async () => {
    await api.call({ url: of(api.a.id, 'invoices'), xml: invoiceOf(api.a.nip) })
    for (const key of [api.a.key, api.providerKey]) {
      expect(await read(of(api.a.id, 'status'), key)).toMatchObject({
        company: { id: api.a.id, nip: api.a.nip },
        integration: { id: api.a.integrationId, state: 'pending', scopes: ['InvoiceWrite'], nipProof: null },
        credentials: { chosen: { owner: 'company', kind: 'token', version: 1 }, passedOver: [] },
        waiting: [{ state: 'pending', reason: null, count: 1 }],
        blockedUntil: null,
        budget: {
          counted: 'fleet',
          limitsReadAt: null,
          groups: expect.arrayContaining([
            {
              group: 'invoiceSend',
              blockedUntil: null,
              windows: [
                { window: 'second', max: 10, used: 0, left: 10, freeAt: null },
                { window: 'minute', max: 30, used: 0, left: 30, freeAt: null },
                { window: 'hour', max: 180, used: 0, left: 180, freeAt: null },
              ],
            },
          ]),
        },
      })
    }
  })

  test('shows until when KSeF asked for silence, and what is held and why', async () => {
    const until = new Date(Date.now() + 600_000)
    await api.query(ACTIVE, [api.b.id])
    await api.query('update ksef_integrations set blocked_until = $2 where company_id = $1', [
      api.b.id,
      until,
    ])
    const sent = await api.call({ url: of(api.b.id, 'invoices'), xml: invoiceOf(api.b.nip) })
    await api.query(HELD, [sent.json().id])
    const status = await read(of(api.b.id, 'status'))
    expect(status.blockedUntil).toBe(until.toISOString())
    expect(status.waiting).toEqual([
      {
        state: 'held',
        count: 1,
        oldest: sent.json().createdAt,
        reason: { code: 'KSEF_UNSETTLED', means: expect.any(String), help: expect.any(String) },
      },
    ])
    const { well, findings } = await read(of(api.b.id, 'doctor'), api.b.key)
    expect(well).toBe(false)
    expect(findings.map(({ code, severity, who }: Record<string, string>) => [code, severity, who])).toEqual([
      ['KSEF_SILENT', 'stops', 'ksef'],
      ['KSEF_UNSETTLED', 'stops', 'ksef'],
    ])
  })

  test('shows what the workers have called, and what KSeF refuses until when', async () => {
    const { db, now, log } = api.deps
    const run = (script: keyof typeof BUDGET_SCRIPTS, keys: readonly string[], argument: string) =>
      redis.eval(BUDGET_SCRIPTS[script], keys.length, ...keys, argument)
    const budget = createSharedBudget({
      redis: { losses: () => 0, run },
      egress: 'default',
      now,
      randomBytes,
      log,
    })
    const scope = await db.withCompany(CompanyId.parse(api.b.id), async (tx) => {
      const integration = await tx.integrations.current('test')
      if (integration === null) throw new Error('no integration')
      return readBudgetScope(tx, integration)
    })
    for (let call = 0; call < 10; call++) await budget.take(scope, 'invoiceSend')
    await budget.block(scope, 'batchSession', new Date(now().getTime() + 60_000))
    const status = await read(of(api.b.id, 'status'))
    const group = (name: string) => status.budget.groups.find((one: { group: string }) => one.group === name)
    expect(group('invoiceSend').windows[0]).toMatchObject({ used: 10, left: 0, freeAt: expect.any(String) })
    expect(group('invoiceSend').windows[2]).toMatchObject({ used: 10, left: 170, freeAt: null })
    expect(Date.parse(group('batchSession').blockedUntil)).toBeGreaterThan(now().getTime() + 50_000)
    const { findings } = await read(of(api.b.id, 'doctor'))
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'KSEF_RATE_LIMITED', severity: 'warns', who: 'ksef' }),
    )
  })

  test('without Redis is estimated from the attempts on record', async () => {
    const clock = () => new Date()
    const budget = connectBudgetReader(
      { redisUrl: 'redis://127.0.0.1:1', egress: 'default' },
      { now: clock, log: api.deps.log },
    )
    await using alone = await startApi({ budget })
    const answer = await alone.call({ url: of(alone.a.id, 'status') })
    budget.close()
    expect(answer.json().budget).toEqual({
      counted: 'estimated',
      limitsReadAt: null,
      groups: [
        {
          group: 'invoiceSend',
          blockedUntil: null,
          windows: [
            { window: 'second', max: 10, used: 0, left: 10, freeAt: null },
            { window: 'minute', max: 30, used: 0, left: 30, freeAt: null },
            { window: 'hour', max: 180, used: 0, left: 180, freeAt: null },
          ],
        },
      ],
    })
  })

  test('of one that signs in with the provider’s certificate tells neither its id nor its name', async () => {
    const pem = await createSelfSignedCertificate({
      nip: '7777777777',
      name: 'Biuro',
      algorithm: 'ecdsa-p256',
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 5 * 86_400_000),
    })
    const credential = { type: 'certificate', ...pem }
    const made = await api.call({
      url: '/v1/credentials',
      json: { name: 'certificate shared with Kowalski', autoRenew: false, credential },
    })
    expect(made.statusCode, made.body).toBe(201)
    const id = await newCompany()
    const integration = await api.call({ url: of(id, 'integrations'), json: { scopes: ['InvoiceRead'] } })
    expect([integration.statusCode, integration.json().scopes], integration.body).toEqual([
      202,
      ['InvoiceRead'],
    ])
    await api.query(ACTIVE, [id])
    const own = await api.call({ url: '/v1/api-keys', json: { name: 'its own', companyId: id } })
    const { key } = own.json()
    const answers = await Promise.all(
      ['status', 'doctor', 'integrations', 'credentials', 'permissions'].map((what) =>
        read(of(id, what), key),
      ),
    )
    const [status, doctor, , credentials, permissions] = answers
    expect(status.credentials.chosen).toMatchObject({ owner: 'provider', id: null, name: null, version: 1 })
    expect(doctor.findings).toContainEqual(
      expect.objectContaining({ code: 'CREDENTIAL_EXPIRING', severity: 'warns', who: 'provider' }),
    )
    expect(credentials).toEqual({ credentials: [] })
    expect(permissions).toMatchObject({
      wanted: ['InvoiceRead'],
      inForce: ['InvoiceWrite'],
      missing: ['InvoiceRead'],
    })
    expect(JSON.stringify(answers)).not.toContain('Kowalski')
  })
})

describe('the doctor', () => {
  test('finds that a company is not connected, and what to call', async () => {
    const id = await newCompany()
    const { well, findings } = await read(of(id, 'doctor'))
    expect([well, findings.length]).toEqual([false, 1])
    expect(findings[0]).toMatchObject({
      code: 'INTEGRATION_MISSING',
      severity: 'stops',
      who: 'provider',
      do: expect.stringContaining(`POST /v1/companies/${id}/integrations`),
    })
    const permissions = await api.call({ url: of(id, 'permissions') })
    expect([permissions.statusCode, permissions.json().code]).toEqual([409, 'INTEGRATION_MISSING'])
  })

  test('tells the grant code to whoever has to prove the NIP', async () => {
    const id = await newCompany()
    const made = await api.call({ url: of(id, 'integrations'), json: {} })
    const failure = `update ksef_integrations set failure = '{"code": "NIP_UNPROVED"}' where company_id = $1`
    await api.query(failure, [id])
    const { findings } = await read(of(id, 'doctor'))
    expect(made.json().grantCode).toMatch(/^FLEET-/)
    expect(findings[0]).toMatchObject({
      code: 'NIP_UNPROVED',
      who: 'company',
      do: expect.stringContaining(made.json().grantCode),
    })
  })

  test('finds nothing wrong with a company that is well', async () => {
    const id = await newCompany()
    const credential = { type: 'token', token: `20261122-EC-0000000000-0000000000-77|nip-${nips}|secret` }
    await api.call({ url: of(id, 'integrations'), json: { credential } })
    await api.query(ACTIVE, [id])
    const { well, findings } = await read(of(id, 'doctor'))
    expect([well, findings[0].code]).toEqual([true, 'ALL_WELL'])
  })
})

describe('a NIP', () => {
  const create = (json: object, key = api.providerKey) => api.call({ url: '/v1/companies', json, key })

  test('that is taken is refused with the company that has it', async () => {
    const answer = await create({ nip: api.a.nip, name: 'Again' })
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'COMPANY_EXISTS'])
    expect(answer.json().existing).toEqual({ id: api.a.id, location: `/v1/companies/${api.a.id}` })
  })

  test('is shared by an administrator’s decision only, which stands in the audit log', async () => {
    const operator = await api.call({ url: '/v1/api-keys', json: { name: 'ops', role: 'operator' } })
    const asked = { nip: api.a.nip, name: 'Branch', shareNip: true }
    const refused = await create(asked, operator.json().key)
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'SCOPE_INSUFFICIENT'])
    const made = await create(asked)
    expect([made.statusCode, made.json().nipShared], made.body).toEqual([201, true])
    expect(made.json().id).not.toBe(api.a.id)
    const acts = await api.query(
      'select action, actor, taxpayer_nip from ksef_audit_log where subject = $1 order by id',
      [made.json().id],
    )
    expect(acts).toEqual([
      { action: 'company.create', actor: expect.stringMatching(/^key:/), taxpayer_nip: api.a.nip },
      { action: 'company.share-nip', actor: expect.stringMatching(/^key:/), taxpayer_nip: api.a.nip },
    ])
    const own = await create({ nip: '6262626262', name: 'First', shareNip: false })
    expect([own.statusCode, own.json().nipShared]).toEqual([201, false])
  })
})

describe('an attestation', () => {
  const statement = 'Contract 17/2026, seen by J. Nowak.'
  const path = (company: { id: string; integrationId: string }) =>
    `/v1/companies/${company.id}/integrations/${company.integrationId}/attestation`

  test('is an administrator’s word, kept in the audit log, and takes effect with a verification', async () => {
    await api.query('update ksef_integrations set verify_due_at = null where company_id = $1', [api.a.id])
    const answer = await api.call({ url: path(api.a), json: { statement } })
    expect([answer.statusCode, answer.json().nipProof?.method], answer.body).toEqual([202, 'attested'])
    const [row] = await api.query(
      'select verify_due_at, state from ksef_integrations where company_id = $1',
      [api.a.id],
    )
    expect([row?.verify_due_at === null, row?.state]).toEqual([false, 'pending'])
    const acts = await api.query(
      "select details from ksef_audit_log where action = 'integration.attest' and company_id = $1",
      [api.a.id],
    )
    expect(acts).toEqual([{ details: { statement } }])
  })

  test('taken back stops an integration that stood on it alone', async () => {
    await api.call({ url: path(api.a), json: { statement } })
    await api.query(`update ksef_integrations set state = 'active' where company_id = $1`, [api.a.id])
    const withdraw = () => api.call({ method: 'DELETE', url: path(api.a) })
    const first = await withdraw()
    expect(first.json(), first.body).toMatchObject({
      state: 'pending',
      nipProof: null,
      failure: { code: 'NIP_UNPROVED' },
    })
    expect((await withdraw()).statusCode).toBe(200)
    const acts = await api.query(
      "select 1 from ksef_audit_log where action = 'integration.withdraw-attestation' and company_id = $1",
      [api.a.id],
    )
    expect(acts).toHaveLength(1)
  })

  test.each([
    {},
    { statement: 'short' },
    { statement: 7 },
    { statement: `a\nb${statement}` },
    { statement, by: 'me' },
  ])('that says %j is refused', async (json) => {
    const answer = await api.call({ url: path(api.a), json })
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'REQUEST_INVALID'])
  })

  test('of a revoked integration is refused', async () => {
    const id = await newCompany()
    const made = await api.call({ url: of(id, 'integrations'), json: {} })
    const integrationId = String(made.json().id)
    await api.call({ method: 'POST', url: of(id, `integrations/${integrationId}/revoke`) })
    const answer = await api.call({ url: path({ id, integrationId }), json: { statement } })
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'INTEGRATION_REVOKED'])
  })
})

describe('the permissions a company wants', () => {
  test('are changed by itself, verified anew, and told in the audit log', async () => {
    await api.query(ACTIVE, [api.a.id])
    const url = of(api.a.id, `integrations/${api.a.integrationId}/scopes`)
    const json = { scopes: ['InvoiceWrite', 'InvoiceRead'] }
    const answer = await api.call({ method: 'PUT', url, json, key: api.a.key })
    expect([answer.statusCode, answer.json().scopes], answer.body).toEqual([202, json.scopes])
    expect((await read(of(api.a.id, 'permissions'))).missing).toEqual(['InvoiceRead'])
    const [row] = await api.query('select verify_due_at from ksef_integrations where company_id = $1', [
      api.a.id,
    ])
    expect(row?.verify_due_at).not.toBeNull()
    const acts = await api.query(
      "select details from ksef_audit_log where action = 'integration.change-scopes' and company_id = $1",
      [api.a.id],
    )
    expect(acts).toEqual([{ details: { scopes: 'InvoiceWrite InvoiceRead' } }])
  })

  test.each([
    {},
    { scopes: [] },
    { scopes: ['Owner'] },
    { scopes: 'InvoiceRead' },
    { scopes: ['InvoiceRead'], state: 'active' },
  ])('given as %j are refused', async (json) => {
    const url = of(api.a.id, `integrations/${api.a.integrationId}/scopes`)
    const answer = await api.call({ method: 'PUT', url, json })
    expect([answer.statusCode, answer.json().code], answer.body).toEqual([400, 'REQUEST_INVALID'])
  })
})

describe('a company that is let go', () => {
  test('has no working key, integration or credential left, and doing it twice changes nothing', async () => {
    const id = await newCompany()
    const credential = { type: 'token', token: `20261122-EC-0000000000-0000000000-78|nip-${nips}|secret` }
    await api.call({ url: of(id, 'integrations'), json: { credential } })
    const sent = await api.call({ url: of(id, 'invoices'), xml: invoiceOf(String(nips)) })
    expect(sent.statusCode, sent.body).toBe(202)
    const { key } = (await api.call({ url: '/v1/api-keys', json: { name: 'its own', companyId: id } })).json()
    const offboard = () => api.call({ method: 'POST', url: of(id, 'offboard') })
    const answer = await offboard()
    expect(answer.statusCode, answer.body).toBe(202)
    expect(answer.json()).toMatchObject({
      integration: { state: 'revoked' },
      waiting: [{ state: 'held', reason: { code: 'INTEGRATION_REVOKED' }, count: 1 }],
    })
    expect((await api.call({ url: of(id, 'status'), key })).statusCode).toBe(401)
    const { credentials } = await read(of(id, 'credentials'))
    expect(credentials.map(({ state }: { state: string }) => state)).toEqual(['ending'])
    expect((await api.call({ url: of(id, `invoices/${sent.json().id}/xml`) })).statusCode).toBe(200)
    // A worker may be asked again to look whether anything is left.
    const { 'public.outbox': _, ...before } = await api.counts()
    expect((await offboard()).json()).toEqual(answer.json())
    expect(await api.counts()).toMatchObject(before)
  })
})
