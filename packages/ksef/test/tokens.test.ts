import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KsefClient, Sealed } from '../src/index.ts'
import { json, startLocalServer } from './local-server.ts'
import { clientOf, type RunningSimulator, signInWithSeal, startSimulatorProcess, taken } from './simulator.ts'

const NIP = '5265877635'
const context = { type: 'Nip', value: NIP } as const
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

const bySeal = async () => (await signInWithSeal(client, NIP)).accessToken.token

/** Generates a token and waits until it may be used. */
async function activeToken(access: Sealed<string>, description = 'Flota: wysyłka faktur') {
  const made = taken(
    await client.tokens.generate(access, { permissions: ['InvoiceRead', 'InvoiceWrite'], description }),
  )
  for (;;) {
    const { status } = taken(await client.tokens.status(access, made.referenceNumber))
    if (status === 'Active') return made
    expect(status).toBe('Pending')
    await wait(5)
  }
}

describe('KSeF tokens', () => {
  test('one made after a signature signs in, is listed, and revokes itself', async () => {
    const access = await bySeal()
    const made = await activeToken(access, 'Obieg życia tokena')
    expect(made.token).toBeInstanceOf(Sealed)
    expect(JSON.stringify(made)).not.toContain(made.token.reveal())

    const signedIn = taken(await client.signIn.withToken({ context, token: made.token }))
    const own = taken(await client.tokens.list(signedIn.accessToken.token))
    expect(own).toMatchObject([
      {
        referenceNumber: made.referenceNumber,
        status: 'Active',
        description: 'Obieg życia tokena',
        requestedPermissions: ['InvoiceRead', 'InvoiceWrite'],
        contextIdentifier: context,
      },
    ])
    expect(await client.tokens.revoke(signedIn.accessToken.token, made.referenceNumber)).toMatchObject({
      ok: true,
    })
    expect(await client.signIn.withToken({ context, token: made.token })).toMatchObject({
      failure: { code: 'SIGN_IN_TOKEN_REFUSED' },
    })
    const after = taken(await client.tokens.status(access, made.referenceNumber))
    expect(['Revoking', 'Revoked']).toContain(after.status)
  })

  test('revoking twice is as good as once', async () => {
    const access = await bySeal()
    const { referenceNumber } = await activeToken(access)
    expect((await client.tokens.revoke(access, referenceNumber)).ok).toBe(true)
    expect((await client.tokens.revoke(access, referenceNumber)).ok).toBe(true)
  })

  test('the list is walked over all its pages and narrowed by status and description', async () => {
    const access = (await signInWithSeal(client, '7980332920')).accessToken.token
    const references: string[] = []
    for (let index = 0; index < 105; index += 1) {
      const description = index < 3 ? `Rzadki opis ${index}` : `Zwykły opis ${index}`
      const made = taken(await client.tokens.generate(access, { permissions: ['InvoiceRead'], description }))
      references.push(made.referenceNumber)
    }
    const all = taken(await client.tokens.list(access))
    expect(new Set(all.map((token) => token.referenceNumber))).toEqual(new Set(references))
    taken(await client.tokens.revoke(access, references[0] ?? ''))
    const rare = taken(
      await client.tokens.list(access, { description: 'rzadki', status: ['Pending', 'Active'] }),
    )
    expect(rare.map((token) => token.referenceNumber).sort()).toEqual(references.slice(1, 3).sort())
  })

  test('a sign-in by token cannot make another token', async () => {
    const { token } = await activeToken(await bySeal())
    const signedIn = taken(await client.signIn.withToken({ context, token }))
    const wanted = { permissions: ['InvoiceRead'], description: 'Token z tokena' } as const
    expect(await client.tokens.generate(signedIn.accessToken.token, wanted)).toMatchObject({
      failure: { kind: 'forbidden', code: 'KSEF_AUTH_METHOD_NOT_ALLOWED', effect: 'none' },
    })
  })

  test('a lost answer leaves it open whether a token was made', async () => {
    await using server = await startLocalServer({ 'POST /tokens': (response) => response.destroy() })
    const local = clientOf(server)
    const wanted = { permissions: ['InvoiceRead'], description: 'Utracona odpowiedź' } as const
    expect(await local.tokens.generate(new Sealed('access'), wanted)).toMatchObject({
      failure: { kind: 'no-answer', effect: 'unknown' },
    })
    await local.close()
    expect(server.seen).toHaveLength(1)
  })

  test('an answer that cannot be read does not show the token it may hold', async () => {
    await using server = await startLocalServer({
      'POST /tokens': json(202, { referenceNumber: 7, token: 'planted-token' }),
    })
    const calls: unknown[] = []
    const local = clientOf(server, { onCall: (call) => calls.push(call) })
    const wanted = { permissions: ['InvoiceRead'], description: 'Nieczytelna odpowiedź' } as const
    const result = await local.tokens.generate(new Sealed('access'), wanted)
    await local.close()
    expect(result).toMatchObject({ failure: { kind: 'unreadable', effect: 'unknown' } })
    expect(JSON.stringify([result, calls])).not.toContain('planted')
  })

  test('a request KSeF would refuse for its form is not made', async () => {
    const wanted = { permissions: ['InvoiceRead'], description: 'x' } as const
    await expect(client.tokens.generate(new Sealed('access'), wanted)).rejects.toThrow()
  })
})

describe('sign-ins that are active', () => {
  const OTHER = '5213003700'
  const signedIn = () => signInWithSeal(client, OTHER)

  test('are listed, and one of them is the current one', async () => {
    const [first, second] = [await signedIn(), await signedIn()]
    const list = taken(await client.authSessions.list(second.accessToken.token))
    expect(list.map((one) => one.referenceNumber)).toEqual(
      expect.arrayContaining([first.authReferenceNumber, second.authReferenceNumber]),
    )
    const current = list.filter((one) => one.isCurrent)
    expect(current.map((one) => one.referenceNumber)).toEqual([second.authReferenceNumber])
    expect(current[0]).toMatchObject({ status: { code: 200 }, isTokenRedeemed: true })
  })

  test('revoking another ends its refreshing', async () => {
    const [first, second] = [await signedIn(), await signedIn()]
    expect(
      await client.authSessions.revoke(second.accessToken.token, first.authReferenceNumber),
    ).toMatchObject({
      ok: true,
    })
    expect((await client.signIn.refresh(first.refreshToken.token)).ok).toBe(false)
    expect((await client.signIn.refresh(second.refreshToken.token)).ok).toBe(true)
  })

  test('the current one is revoked by its access token or by its refresh token', async () => {
    for (const pick of ['accessToken', 'refreshToken'] as const) {
      const mine = await signedIn()
      expect((await client.authSessions.revokeCurrent(mine[pick].token)).ok).toBe(true)
      expect((await client.signIn.refresh(mine.refreshToken.token)).ok).toBe(false)
    }
  })
})
