/**
 * Credentials, tokens and NIPs that are of no use. What is wrong with them is told when they are handed in, and then nothing
 * of them is kept; what only KSeF or the secret store can tell stops the one company, and nobody else.
 */
import { createPrivateKey, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CompanyId } from '@ksef-fleet/core'
import { createCertificationRequest, createSelfSignedCertificate, loadCertificate } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { type ApiInFront, apiInFrontOf, type Told } from './api-in-front.ts'
import { ownersView } from './credentials-at-ksef.ts'
import { countOf, newNip } from './provider-side.ts'

const TOKEN_SIGN_IN = 'POST /auth/ksef-token'
const DAY_MS = 86_400_000

let fleet: DeliveryFleet
let worker: DeliveryWorker
let api: ApiInFront

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
  api = await apiInFrontOf(fleet)
})
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
  await fleet?.close()
})

async function newCompany(nip = newNip()): Promise<{ id: CompanyId; nip: string }> {
  const made = await api.call('/v1/companies', { nip, name: `Firma ${nip}` })
  expect(made.status, made.text).toBe(201)
  return { id: String(made.body.id) as CompanyId, nip }
}

const integrationsOf = (id: string) => `/v1/companies/${id}/integrations`

/** Hands the credential in, lets the worker verify, and answers the integration as the API tells it then. */
async function connect(id: CompanyId, credential: object): Promise<Told> {
  const made = await api.call(integrationsOf(id), { credential })
  expect(made.status, made.text).toBe(202)
  await turn(fleet, [worker], { companies: [id], only: ['verify-integration'] })
  return api.call(`${integrationsOf(id)}/${String(made.body.id)}`)
}

async function deliversOne(id: CompanyId, nip: string): Promise<void> {
  const posted = await api.postInvoice(id, invoiceOf(nip, `OK/${nip}`))
  expect(posted.status, posted.text).toBe(202)
  await drive(fleet, [worker], { companies: [id] })
  expect((await fleet.submissions(id)).map(({ state }) => state)).toEqual(['receipted'])
}

async function pemOf(nip: string, { from = -1, to = 300 } = {}) {
  const inDays = (days: number) => new Date(Date.now() + days * DAY_MS)
  const pem = await createSelfSignedCertificate({
    nip,
    name: `Firma ${nip}`,
    algorithm: 'ecdsa-p256',
    notBefore: inDays(from),
    notAfter: inDays(to),
  })
  return { type: 'certificate', ...pem }
}

const PASSPHRASE = 'canary-passphrase'

async function lockedPemOf(nip: string) {
  const { privateKeyPem, ...rest } = await pemOf(nip)
  const locked = createPrivateKey(privateKeyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'another',
  })
  return { ...rest, privateKeyPem: String(locked), passphrase: PASSPHRASE }
}

const container = () => ({
  type: 'pkcs12',
  pkcs12: readFileSync(new URL('../../../ksef/test/fixtures/ec-aes.p12', import.meta.url)).toString('base64'),
  passphrase: PASSPHRASE,
})

/** KSeF issues it, for signing the codes of offline invoices. */
async function offlinePemOf(nip: string) {
  const { certificates, signIn } = worker.context.ksef
  const certificate = loadCertificate(await sealOf(nip, `Firma ${nip}`))
  const signedIn = await signIn.withCertificate({ context: { type: 'Nip', value: nip }, certificate })
  if (!signedIn.ok) throw new Error(signedIn.failure.code)
  const access = signedIn.value.accessToken.token
  const subject = await certificates.enrollmentData(access)
  if (!subject.ok) throw new Error(subject.failure.code)
  const { csr, privateKeyPem } = await createCertificationRequest({ subject: subject.value })
  const wanted = { certificateName: 'Kody faktur', certificateType: 'Offline', csr } as const
  const asked = await certificates.enroll(access, wanted)
  if (!asked.ok) throw new Error(asked.failure.code)
  for (;;) {
    const status = await certificates.enrollmentStatus(access, asked.value.referenceNumber)
    const serial = status.ok ? status.value.certificateSerialNumber : undefined
    const issued = serial === undefined ? null : await certificates.retrieve(access, [serial])
    const certificatePem = issued?.ok === true ? issued.value[0]?.certificatePem : undefined
    if (certificatePem !== undefined)
      return { type: 'certificate', certificatePem, privateKeyPem: privateKeyPem.reveal() }
    await sleep(15)
  }
}

const REFUSED: [
  title: string,
  make: (nip: string) => Promise<object> | object,
  code: string,
  says: RegExp,
][] = [
  ['not valid yet', (nip) => pemOf(nip, { from: 3 }), 'CREDENTIAL_NOT_YET_VALID', /valid/],
  ['expired', (nip) => pemOf(nip, { from: -9, to: -1 }), 'CREDENTIAL_EXPIRED', /expired|valid/],
  [
    'without its key',
    async (nip) => {
      const pem = await pemOf(nip)
      return { ...pem, privateKeyPem: pem.certificatePem }
    },
    'CREDENTIAL_UNREADABLE',
    /private key/i,
  ],
  [
    'with the key of another',
    async (nip) => ({ ...(await pemOf(nip)), privateKeyPem: (await pemOf(nip)).privateKeyPem }),
    'CREDENTIAL_UNREADABLE',
    /not (belong|match)/i,
  ],
  ['whose key opens under another passphrase', lockedPemOf, 'CREDENTIAL_UNREADABLE', /passphrase/i],
  ['in a container of another passphrase', container, 'CREDENTIAL_UNREADABLE', /passphrase/i],
  ['of type Offline', offlinePemOf, 'CREDENTIAL_OFFLINE_TYPE', /Offline/],
]

/** Everything that could remain of a credential. */
async function leftovers(): Promise<object> {
  const tables = ['ksef_credentials', 'ksef_credential_versions', 'ksef_integrations', 'outbox', 'events']
  const counts = await Promise.all(
    tables.map(
      async (table) => (await fleet.admin.query(`select count(*)::int as n from ${table}`)).rows[0]?.n,
    ),
  )
  return { counts, files: readdirSync(fleet.directory, { recursive: true }).sort() }
}

describe('a certificate', () => {
  test.each(REFUSED)(
    '%s is refused with what is wrong and what to do, and nothing of it is kept',
    async (...[, make, code, says]) => {
      const { id, nip } = await newCompany()
      const credential = await make(nip)
      const before = await leftovers()
      const doors = [
        await api.call(integrationsOf(id), { credential }),
        await api.call(`/v1/companies/${id}/credentials`, { name: 'one', credential }),
        await api.call('/v1/credentials', { name: 'ours', credential }),
      ]
      for (const { status, body, text } of doors) {
        expect([status, body.code], text).toEqual([422, code])
        expect(body.detail).toMatch(says)
        expect(body).toMatchObject({ title: expect.any(String), help: expect.stringMatching(/\w{3}/) })
      }
      expect(await leftovers()).toEqual(before)
      const told = [...doors.map(({ text }) => text), ...api.lines].join('\n')
      expect(told).toContain(code)
      const { privateKeyPem = PASSPHRASE } = credential as { privateKeyPem?: string }
      for (const secret of [PASSPHRASE, privateKeyPem.split('\n')[1] ?? PASSPHRASE])
        expect(told).not.toContain(secret)

      // The right one is taken by the same door, and works.
      const integration = await connect(id, await pemOf(nip))
      expect(integration.body).toMatchObject({ state: 'active', failure: null })
      await deliversOne(id, nip)
    },
  )
})

const textOf = async (nip: string): Promise<string> => {
  const owner = await ownersView(worker.context.ksef, fleet.ksefUrl, nip)
  const made = await owner.newToken()
  if (made.type !== 'token') throw new Error('a token was asked for')
  return made.token.reveal()
}

describe('a token', () => {
  test('that names another context is refused when it is handed in, and nothing of it is kept', async () => {
    const { id } = await newCompany()
    const token = await textOf(newNip())
    const before = await leftovers()
    const answer = await api.call(integrationsOf(id), { credential: { type: 'token', token } })
    expect([answer.status, answer.body.code]).toEqual([422, 'CREDENTIAL_WRONG_CONTEXT'])
    expect(answer.body.help).toMatch(/context/)
    expect(await leftovers()).toEqual(before)
    expect(answer.text + api.lines.join('\n')).not.toContain(token.split('|')[2])
  })

  test.each<[string, (foreign: string, nip: string) => string]>([
    [
      'of another context in the disguise of this one',
      (foreign, nip) => foreign.replace(/nip-\d+/, `nip-${nip}`),
    ],
    ['of a shape that nobody knows', () => randomBytes(30).toString('base64url')],
  ])('%s is tried once, and its company waits with the reason while others go on', async (_, disguise) => {
    const [{ id, nip }, other] = [await newCompany(), await fleet.company()]
    const token = disguise(await textOf(newNip()), nip)
    const before = countOf(fleet, TOKEN_SIGN_IN)
    const integration = await connect(id, { type: 'token', token })
    expect(integration.body).toMatchObject({ state: 'failed', failure: { code: 'CREDENTIAL_REFUSED' } })
    await api.postInvoice(id, invoiceOf(nip, 'WAITS'))
    await fleet.accept(other.id, invoiceOf(other.nip, 'GOES'))
    await drive(fleet, [worker], { companies: [id, other.id] })
    for (let round = 0; round < 5; round++) await turn(fleet, [worker], { companies: [id] })
    expect(await fleet.submissions(id)).toMatchObject([
      { state: 'held', reason: { code: 'CREDENTIAL_REFUSED' } },
    ])
    expect(await fleet.submissions(other.id)).toMatchObject([{ state: 'receipted' }])
    expect(countOf(fleet, TOKEN_SIGN_IN) - before).toBe(1)
    expect(integration.text + api.lines.join('\n')).not.toContain(token.split('|').at(-1))

    // A token of its own, beside it: the integration is tried with that one, and what was held goes out.
    const mended = await api.call(`/v1/companies/${id}/credentials`, {
      name: 'new',
      credential: { type: 'token', token: await textOf(nip) },
    })
    expect(mended.status, mended.text).toBe(201)
    const until = async () => (await fleet.submissions(id))[0]?.state === 'receipted'
    await drive(fleet, [worker], { companies: [id], until })
  })

  test.each(['', ' ', 'short', 'two words of a token that is none', 'zażółć'.repeat(6)])(
    'that can be none is refused: %j',
    async (token) => {
      const { id } = await newCompany()
      const before = await leftovers()
      const answer = await api.call(integrationsOf(id), { credential: { type: 'token', token } })
      expect([400, 422]).toContain(answer.status)
      expect(['REQUEST_INVALID', 'CREDENTIAL_UNREADABLE']).toContain(answer.body.code)
      expect(await leftovers()).toEqual(before)
    },
  )
})

describe('a NIP whose checksum is wrong', () => {
  test('is a company on TEST, where invented ones are normal, and its invoices are registered', async () => {
    const { id, nip } = await newCompany('1234567890')
    expect((await connect(id, await pemOf(nip))).body.state).toBe('active')
    await deliversOne(id, nip)
  })

  test('is refused on production, by name and place, and no company is made', async () => {
    await using production = await apiInFrontOf(fleet, 'production')
    const nip = '1234567891'
    const refused = await production.call('/v1/companies', { nip, name: 'Nikt' })
    expect([refused.status, refused.body.code], refused.text).toEqual([400, 'REQUEST_INVALID'])
    expect(refused.body.faults).toMatchObject([{ code: 'NIP_CHECKSUM', pointer: '/nip' }])
    const { rows } = await fleet.admin.query('select 1 from companies where nip = $1', [nip])
    expect(rows).toEqual([])
    const right = await production.call('/v1/companies', { nip: '5265877635', name: 'Ktoś' })
    expect(right.status, right.text).toBe(201)
  })

  test.each(['526587763', '52658776355', '0265877635', '526-587-76-35', 'PL5265877635', '526587763 '])(
    'or whose form is wrong is refused everywhere: %j',
    async (nip) => {
      const answer = await api.call('/v1/companies', { nip, name: 'Nikt' })
      expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID'])
    },
  )
})
