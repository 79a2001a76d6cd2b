import { constants, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Simulator, startSimulator } from '../src/index.ts'
import { type Caller, createCaller, type Json } from './wire/caller.ts'
import { type Holder, makeHolder, personOf, sealOf } from './wire/certificate.ts'
import { underContract } from './wire/contract-folder.ts'
import { signRequest } from './wire/signature.ts'

const NIP = '5265877635'
const DS = 'http://www.w3.org/2000/09/xmldsig#'
let simulator: Simulator
let caller: Caller
let holder: Holder
let rsaHolder: Holder

beforeAll(async () => {
  simulator = await startSimulator({ processingDelayMs: 5, ...underContract() })
  caller = createCaller(simulator.url)
  holder = await makeHolder({ name: sealOf(NIP) })
  rsaHolder = await makeHolder({ name: sealOf(NIP), key: 'RSA' })
})
afterAll(() => simulator.close())

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode

/** Signs properly, spoils the document, and tells what KSeF says. */
async function submitSpoilt(spoil: (signed: string) => string): Promise<Json> {
  const { challenge } = await caller.challenge()
  const signed = signRequest({ challenge }, holder)
  const spoilt = spoil(signed)
  expect(spoilt).not.toBe(signed)
  return caller.ask('POST', '/auth/xades-signature', { body: spoilt })
}

describe('accepted signatures', () => {
  test('a seal of the context NIP signs in, is redeemed once and refreshes', async () => {
    const { body: init, status } = await caller.submit(holder)
    expect(status).toBe(202)
    const tokens = await caller.redeem(init)
    const again = await caller.ask('POST', '/auth/token/redeem', { token: init.authenticationToken.token })
    expect([again.status, errorCode(again.body)]).toEqual([400, 21301])
    const refreshed = await caller.ask('POST', '/auth/token/refresh', { token: tokens.refresh })
    expect(refreshed.status).toBe(200)
    const sessions = await caller.ask('GET', '/auth/sessions', { token: refreshed.body.accessToken.token })
    expect(
      sessions.body.items.some(
        (item: Json) => item.referenceNumber === init.referenceNumber && item.isCurrent,
      ),
    ).toBe(true)
  })

  test.each([
    ['RSA PKCS#1 v1.5 with SHA-256', { key: 'RSA' as const }, {}],
    [
      'RSA PSS with SHA-256',
      { key: 'RSA' as const },
      {
        algorithm: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
        signValue: (info: string, { privateKey }: Holder) =>
          sign('sha256', Buffer.from(info), {
            key: privateKey,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: 32,
          }),
      },
    ],
    ['ECDSA P-256 as R||S', { key: 'P-256' as const }, {}],
    ['ECDSA P-384 as R||S', { key: 'P-384' as const }, {}],
    ['an enveloping signature', {}, { packaging: 'enveloping' as const }],
    ['an AuthTokenRequest 2.1', {}, { namespaceVersion: '2.1' as const }],
  ])('%s is accepted', async (_name, key, recipe) => {
    const { body, status } = await caller.submit(await makeHolder({ name: sealOf(NIP), ...key }), recipe)
    expect([status, body?.exception]).toEqual([202, undefined])
    expect((await caller.outcome(body)).status.code).toBe(200)
  })

  test('a person signs in by PESEL or NIP once granted, and not before', async () => {
    const person = await makeHolder({ name: personOf('PNOPL-30112206276') })
    const context = '<Nip>3755747347</Nip>'
    expect((await caller.outcome((await caller.submit(person, { context })).body)).status.code).toBe(415)
    const granted = await caller.ask('POST', '/testdata/permissions', {
      body: {
        contextIdentifier: { type: 'Nip', value: '3755747347' },
        authorizedIdentifier: { type: 'Pesel', value: '30112206276' },
        permissions: [{ permissionType: 'InvoiceRead', description: 'czyta faktury' }],
      },
    })
    expect(granted.status).toBe(200)
    const { access } = await caller.signIn(person, { context })
    const own = await caller.ask('POST', '/permissions/query/personal/grants', { token: access, body: {} })
    expect(own.body.permissions.map((one: Json) => one.permissionScope)).toEqual(['InvoiceRead'])
    const denied = await caller.ask('POST', '/sessions/online', {
      token: access,
      body: caller.opening(await caller.newKey()),
    })
    expect([denied.status, denied.body.reasonCode]).toEqual([403, 'missing-permissions'])
  })

  test('a certificate without identifiers signs in by its fingerprint once granted', async () => {
    const anonymous = await makeHolder({ name: [{ CN: ['Bez identyfikatora'] }] })
    const bySubject = await caller.submit(anonymous)
    expect([bySubject.status, errorCode(bySubject.body)]).toEqual([400, 21115])
    const fingerprint = Buffer.from(
      await crypto.subtle.digest('SHA-256', new Uint8Array(anonymous.certificate)),
    )
    await caller.ask('POST', '/testdata/permissions', {
      body: {
        contextIdentifier: { type: 'Nip', value: NIP },
        authorizedIdentifier: { type: 'Fingerprint', value: fingerprint.toString('hex') },
        permissions: [{ permissionType: 'InvoiceWrite', description: 'wystawia faktury' }],
      },
    })
    const { body } = await caller.submit(anonymous, { subjectIdentifierType: 'certificateFingerprint' })
    expect((await caller.outcome(body)).status.code).toBe(200)
  })
})

describe('hostile signatures', () => {
  test('a document altered after signing is refused', async () => {
    const altered = await submitSpoilt((signed) =>
      signed.replace(`<Nip>${NIP}</Nip>`, '<Nip>7980332920</Nip>'),
    )
    expect([altered.status, errorCode(altered.body)]).toEqual([400, 9105])
  })

  test('altered signed properties are refused', async () => {
    const altered = await submitSpoilt((signed) =>
      signed.replace('2026-11-22T12:00:00Z', '2026-11-22T12:00:01Z'),
    )
    expect(errorCode(altered.body)).toBe(9105)
  })

  test('a signature by another key than that of the named certificate is refused', async () => {
    const other = await makeHolder({ name: sealOf(NIP) })
    const answer = await caller.submit({ certificate: holder.certificate, privateKey: other.privateKey })
    expect([answer.status, errorCode(answer.body)]).toEqual([400, 9105])
  })

  test('a certificate swapped in KeyInfo is refused', async () => {
    const thief = await makeHolder({ name: sealOf('7980332920') })
    const swapped = await submitSpoilt((signed) =>
      signed.replace(holder.certificate.toString('base64'), thief.certificate.toString('base64')),
    )
    expect(errorCode(swapped.body)).toBe(9105)
  })

  test('an ECDSA value in DER is refused', async () => {
    const signValue = (info: string, { privateKey }: Holder) => sign('sha256', Buffer.from(info), privateKey)
    const answer = await caller.submit(holder, { signValue })
    expect([answer.status, errorCode(answer.body)]).toEqual([400, 9105])
    expect(answer.body.exception.exceptionDetailList[0].details[0]).toContain('R||S')
  })

  test('SHA-1 is refused', async () => {
    const signValue = (info: string, { privateKey }: Holder) => sign('sha1', Buffer.from(info), privateKey)
    const answer = await caller.submit(rsaHolder, { algorithm: `${DS}rsa-sha1`, signValue })
    expect(errorCode(answer.body)).toBe(9105)
  })

  test('a signed request wrapped into another one is refused', async () => {
    const wrapped = await submitSpoilt((signed) => {
      const forged = signed.replace(/<ds:Signature .*<\/ds:Signature>/s, '').replace(NIP, '7980332920')
      return forged.replace('</AuthTokenRequest>', `${signed}</AuthTokenRequest>`)
    })
    expect([wrapped.status, errorCode(wrapped.body)]).toEqual([400, 9105])
  })

  test('a forged request beside the signed one, inside the same signature, is refused', async () => {
    const { challenge } = await caller.challenge()
    const enveloping = signRequest({ challenge, packaging: 'enveloping' }, holder)
    const parked = /<ds:Object [^>]*Id="content">.*?<\/ds:Object>/s.exec(enveloping)?.[0] ?? ''
    const forged = parked.replace('Id="content"', '').replace(NIP, '7980332920')
    const answer = await caller.ask('POST', '/auth/xades-signature', {
      body: enveloping.replace(parked, forged + parked),
    })
    expect(errorCode(answer.body)).toBe(9105)
  })

  test('an identifier used twice is refused', async () => {
    const twice = await submitSpoilt((signed) =>
      signed.replace('<ds:KeyInfo>', '<ds:KeyInfo Id="signature">'),
    )
    expect(errorCode(twice.body)).toBe(9105)
  })

  test('two signatures are refused', async () => {
    const two = await submitSpoilt((signed) => {
      const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)?.[0] ?? ''
      return signed.replace(
        signature,
        signature + signature.replaceAll('"properties"', '"p2"').replaceAll('"signature"', '"s2"'),
      )
    })
    expect([two.status, errorCode(two.body)]).toEqual([400, 9103])
  })

  test('an unsigned request is refused', async () => {
    const unsigned = await submitSpoilt((signed) => signed.replace(/<ds:Signature .*<\/ds:Signature>/s, ''))
    expect(errorCode(unsigned.body)).toBe(9102)
  })

  test('a document type declaration is refused', async () => {
    const declared = await submitSpoilt((signed) => `<!DOCTYPE a [<!ENTITY e "x">]>${signed}`)
    expect(errorCode(declared.body)).toBe(9101)
  })

  test('something that is not XML is refused', async () => {
    const garbage = await submitSpoilt(() => 'garbage')
    expect(errorCode(garbage.body)).toBe(9101)
  })

  test('an expired certificate ends in status 460', async () => {
    const notAfter = new Date(Date.now() - 1000)
    const expired = await makeHolder({ name: sealOf(NIP), notAfter })
    expect((await caller.outcome((await caller.submit(expired)).body)).status.code).toBe(460)
  })

  test('a chain that is asked to be verified is not trusted here', async () => {
    const { challenge } = await caller.challenge()
    const path = '/auth/xades-signature?verifyCertificateChain=true'
    const { body } = await caller.ask('POST', path, { body: signRequest({ challenge }, holder) })
    expect((await caller.outcome(body)).status.code).toBe(460)
  })

  test('a challenge signs in once', async () => {
    const { challenge } = await caller.challenge()
    expect((await caller.submit(holder, { challenge })).status).toBe(202)
    const replay = await caller.submit(holder, { challenge })
    expect([replay.status, errorCode(replay.body)]).toEqual([400, 21111])
  })

  test('a challenge that is not ours is refused', async () => {
    const answer = await caller.submit(holder, { challenge: '20260101-CR-0000000000-0000000000-00' })
    expect(errorCode(answer.body)).toBe(21111)
  })

  test('a challenge older than ten minutes is refused', async () => {
    await using own = await startSimulator({ processingDelayMs: 0, ...underContract() })
    const inTime = createCaller(own.url)
    const { challenge } = await inTime.challenge()
    const control = own.url.replace('/v2', '/_simulator')
    await inTime.ask('POST', `${control}/clock`, { body: { offsetMs: 10 * 60_000 + 1000 } })
    const answer = await inTime.submit(holder, { challenge })
    expect([answer.status, errorCode(answer.body)]).toEqual([400, 21111])
  })
})

describe('refusals around a sign-in', () => {
  test('a blocked context ends in status 480 until it is unblocked', async () => {
    const contextIdentifier = { type: 'Nip', value: '8225900795' }
    const blocked = await makeHolder({ name: sealOf('8225900795') })
    const context = '<Nip>8225900795</Nip>'
    await caller.ask('POST', '/testdata/context/block', { body: { contextIdentifier } })
    expect((await caller.outcome((await caller.submit(blocked, { context })).body)).status.code).toBe(480)
    await caller.ask('POST', '/testdata/context/unblock', { body: { contextIdentifier } })
    expect((await caller.outcome((await caller.submit(blocked, { context })).body)).status.code).toBe(200)
  })

  test('a policy that excludes the caller makes its access token useless from here', async () => {
    const policy =
      '<AuthorizationPolicy><AllowedIps><Ip4Mask>10.0.0.0/8</Ip4Mask></AllowedIps></AuthorizationPolicy>'
    const { body } = await caller.submit(holder, { namespaceVersion: '2.1', policy })
    const status = await caller.ask('GET', `/auth/${body.referenceNumber}`, {
      token: body.authenticationToken.token,
    })
    expect([status.status, status.body.reasonCode]).toEqual([403, 'ip-not-allowed'])
  })

  test('an operation without a token answers 401 before it looks at the body', async () => {
    const answer = await caller.ask('POST', '/sessions/online', { body: {} })
    expect([answer.status, answer.body.title]).toEqual([401, 'Unauthorized'])
  })

  test('an access token works until its exp and no longer', async () => {
    await using own = await startSimulator({
      processingDelayMs: 0,
      accessTokenSeconds: 60,
      ...underContract(),
    })
    const short = createCaller(own.url)
    const { access, refresh } = await short.signIn(holder)
    const control = own.url.replace('/v2', '/_simulator')
    await short.ask('POST', `${control}/clock`, { body: { offsetMs: 61_000 } })
    expect((await short.ask('GET', '/tokens', { token: access })).status).toBe(401)
    const renewed = await short.ask('POST', '/auth/token/refresh', { token: refresh })
    expect((await short.ask('GET', '/tokens', { token: renewed.body.accessToken.token })).status).toBe(200)
  })

  test('a revoked sign-in no longer refreshes while its access token lives on', async () => {
    const { access, refresh } = await caller.signIn(holder)
    expect((await caller.ask('DELETE', '/auth/sessions/current', { token: access })).status).toBe(204)
    expect(errorCode((await caller.ask('POST', '/auth/token/refresh', { token: refresh })).body)).toBe(21301)
    expect((await caller.ask('GET', '/tokens', { token: access })).status).toBe(200)
  })

  test('errors come as problem details when asked for', async () => {
    const headers = { 'x-error-format': 'problem-details' }
    const answer = await caller.ask('POST', '/auth/ksef-token', { body: {}, headers })
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body.errors[0].code).toBe(21405)
  })
})
