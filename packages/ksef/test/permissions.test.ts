import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KsefClient, Sealed } from '../src/index.ts'
import { json, startLocalServer } from './local-server.ts'
import {
  clientOf,
  type RunningSimulator,
  sealOf,
  signInWithSeal,
  startSimulatorProcess,
  taken,
} from './simulator.ts'

const [COMPANY, OFFICE] = ['5265877635', '7980332920']
let simulator: RunningSimulator
let client: KsefClient
beforeAll(async () => {
  simulator = await startSimulatorProcess()
  client = clientOf(simulator)
})
afterAll(async () => {
  await client.close()
  await simulator[Symbol.asyncDispose]()
})

/** What the company's owner does in KSeF's own application: lets another entity handle its invoices. */
async function entrust(access: Sealed<string>, nip: string, permissions: readonly string[]): Promise<void> {
  const answer = await fetch(`${simulator.url}/permissions/entities/grants`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access.reveal()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      subjectIdentifier: { type: 'Nip', value: nip },
      permissions: permissions.map((type) => ({ type, canDelegate: false })),
      description: 'Obsługa faktur przez biuro',
      subjectDetails: { fullName: 'Biuro Rachunkowe' },
    }),
  })
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`)
}

describe('the permissions in force', () => {
  test('an owner has them all, and they are told by name', async () => {
    const { accessToken } = await signInWithSeal(client, COMPANY)
    const grants = taken(await client.permissions.personalGrants(accessToken.token))
    const scopes = grants.map((grant) => grant.permissionScope)
    expect(scopes).toContain('InvoiceRead')
    expect(scopes).toContain('InvoiceWrite')
    expect(grants.every((grant) => grant.permissionState === 'Active')).toBe(true)
    expect(grants[0]?.startDate).toBeInstanceOf(Date)
  })

  test('an entity sees in a context it was let into what it was granted there, and no more', async () => {
    const company = await signInWithSeal(client, COMPANY)
    await entrust(company.accessToken.token, OFFICE, ['InvoiceRead'])
    const context = { type: 'Nip', value: COMPANY } as const
    const office = taken(await client.signIn.withCertificate({ context, certificate: await sealOf(OFFICE) }))
    const grants = taken(await client.permissions.personalGrants(office.accessToken.token))
    expect(grants).toMatchObject([
      {
        permissionScope: 'InvoiceRead',
        permissionState: 'Active',
        description: 'Obsługa faktur przez biuro',
      },
    ])
  })

  test('a filter narrows the list', async () => {
    const { accessToken } = await signInWithSeal(client, COMPANY)
    const filter = { permissionTypes: ['InvoiceWrite'], permissionState: 'Active' } as const
    const grants = await client.permissions.personalGrants(accessToken.token, filter)
    expect(grants.ok && grants.value.map((grant) => grant.permissionScope)).toEqual(['InvoiceWrite'])
  })
})

describe('a list of several pages', () => {
  const PATH = 'POST /permissions/query/personal/grants'
  const grant = (id: string) => ({
    id,
    permissionScope: 'InvoiceRead',
    description: 'Uprawnienie',
    permissionState: 'Active',
    startDate: '2026-06-22T10:41:11+00:00',
    canDelegate: false,
  })
  const access = new Sealed('access')

  test('is walked to its end, page by page', async () => {
    await using server = await startLocalServer({
      [PATH]: (response, request) => {
        const page = Number(new URL(request.path, 'http://x').searchParams.get('pageOffset'))
        json(200, { permissions: [grant(`P${page}`)], hasMore: page < 2 })(response, request)
      },
    })
    const local = clientOf(server)
    const grants = await local.permissions.personalGrants(access)
    await local.close()
    expect(grants.ok && grants.value.map(({ id }) => id)).toEqual(['P0', 'P1', 'P2'])
    expect(server.seen).toHaveLength(3)
  })

  test('is a failure when it does not end, and when a page in the middle fails: never a part of it', async () => {
    await using endless = await startLocalServer({
      [PATH]: json(200, { permissions: [grant('P')], hasMore: true }),
    })
    const first = clientOf(endless)
    expect(await first.permissions.personalGrants(access)).toMatchObject({
      failure: { code: 'KSEF_LIST_TOO_LONG', effect: 'none' },
    })
    await first.close()
    expect(endless.seen).toHaveLength(100)
    await using broken = await startLocalServer({
      [PATH]: (response, request) =>
        request.path.includes('pageOffset=0')
          ? json(200, { permissions: [grant('P')], hasMore: true })(response, request)
          : json(503, {})(response, request),
    })
    const second = clientOf(broken)
    expect(await second.permissions.personalGrants(access)).toMatchObject({ failure: { kind: 'server' } })
    await second.close()
  })
})
