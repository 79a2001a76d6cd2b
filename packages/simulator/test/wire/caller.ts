import {
  constants,
  createCipheriv,
  createHash,
  publicEncrypt,
  randomBytes,
  X509Certificate,
} from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Holder } from './certificate.ts'
import { type Recipe, signRequest } from './signature.ts'

/** A bare KSeF client for tests: fetch, Node's primitives and nothing else. */
export type Answer = { status: number; body: Json; text: string; headers: Headers }
// biome-ignore lint/suspicious/noExplicitAny: answers are taken apart freely by assertions
export type Json = any

export type Ask = { token?: string; body?: unknown; headers?: Record<string, string> }

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

export type Key = { publicKeyId: string; certificate: string; usage: string[]; validFrom: string }
export type EncryptionKey = {
  key: Buffer
  initializationVector: Buffer
  wrapped: string
  publicKeyId: string
}
export type OpenedSession = { referenceNumber: string; validUntil: string; aes: EncryptionKey }

export function createCaller(url: string) {
  const ask = async (
    method: string,
    path: string,
    { token, body, headers = {} }: Ask = {},
  ): Promise<Answer> => {
    const asXml = typeof body === 'string'
    const answer = await fetch(path.startsWith('http') ? path : `${url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': asXml ? 'application/xml' : 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: asXml ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true
    return {
      status: answer.status,
      body: isJson ? JSON.parse(text) : undefined,
      text,
      headers: answer.headers,
    }
  }

  /** Asks again until the condition holds; the test's own time limit is the deadline. */
  const until = async (once: () => Promise<Answer>, done: (body: Json) => boolean): Promise<Json> => {
    for (;;) {
      const { body } = await once()
      if (done(body)) return body
      await wait(5)
    }
  }

  const challenge = async (): Promise<{ challenge: string; timestampMs: number }> =>
    (await ask('POST', '/auth/challenge')).body

  const submit = async (holder: Holder, recipe: Partial<Recipe> = {}) => {
    const issued = recipe.challenge ?? (await challenge()).challenge
    return ask('POST', '/auth/xades-signature', {
      body: signRequest({ ...recipe, challenge: issued }, holder),
    })
  }

  const outcome = (init: Json): Promise<Json> =>
    until(
      () => ask('GET', `/auth/${init.referenceNumber}`, { token: init.authenticationToken.token }),
      (body) => body.status.code !== 100,
    )

  const redeem = async (init: Json): Promise<{ access: string; refresh: string }> => {
    const settled = await outcome(init)
    if (settled.status.code !== 200) throw new Error(`sign-in failed: ${JSON.stringify(settled.status)}`)
    const { body } = await ask('POST', '/auth/token/redeem', { token: init.authenticationToken.token })
    return { access: body.accessToken.token, refresh: body.refreshToken.token }
  }

  const signIn = async (holder: Holder, recipe: Partial<Recipe> = {}) =>
    redeem((await submit(holder, recipe)).body)

  const keyFor = async (usage: string): Promise<Key> => {
    const { body }: { body: Key[] } = await ask('GET', '/security/public-key-certificates')
    const [newest] = body
      .filter((key) => key.usage.includes(usage))
      .sort((a, b) => (a.validFrom < b.validFrom ? 1 : -1))
    return newest!
  }

  const wrap = (key: Key, secret: Buffer): string => {
    const { publicKey } = new X509Certificate(Buffer.from(key.certificate, 'base64'))
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, secret).toString('base64')
  }

  const newKey = async (): Promise<EncryptionKey> => {
    const published = await keyFor('SymmetricKeyEncryption')
    const key = randomBytes(32)
    return {
      key,
      initializationVector: randomBytes(16),
      wrapped: wrap(published, key),
      publicKeyId: published.publicKeyId,
    }
  }

  const opening = (aes: EncryptionKey, systemCode = 'FA (3)') => ({
    formCode: { systemCode, schemaVersion: '1-0E', value: 'FA' },
    encryption: {
      encryptedSymmetricKey: aes.wrapped,
      initializationVector: aes.initializationVector.toString('base64'),
      publicKeyId: aes.publicKeyId,
    },
  })

  const openSession = async (token: string): Promise<OpenedSession> => {
    const aes = await newKey()
    const { body } = await ask('POST', '/sessions/online', { token, body: opening(aes) })
    return { ...body, aes }
  }

  const sealed = (xml: string | Buffer, { key, initializationVector }: EncryptionKey) => {
    const plain = Buffer.from(xml)
    const cipher = createCipheriv('aes-256-cbc', key, initializationVector)
    const content = Buffer.concat([cipher.update(plain), cipher.final()])
    return {
      invoiceHash: sha256(plain),
      invoiceSize: plain.length,
      encryptedInvoiceHash: sha256(content),
      encryptedInvoiceSize: content.length,
      encryptedInvoiceContent: content.toString('base64'),
    }
  }

  const post = (token: string, session: OpenedSession, body: Json) =>
    ask('POST', `/sessions/online/${session.referenceNumber}/invoices`, { token, body })

  const send = (token: string, session: OpenedSession, xml: string | Buffer) =>
    post(token, session, sealed(xml, session.aes))

  const settled = (token: string, session: OpenedSession, invoice: string): Promise<Json> =>
    until(
      () => ask('GET', `/sessions/${session.referenceNumber}/invoices/${invoice}`, { token }),
      (body) => body.status.code >= 200,
    )

  /** Sends and waits for the final status of the invoice. */
  const deliver = async (token: string, session: OpenedSession, xml: string | Buffer): Promise<Json> =>
    settled(token, session, (await send(token, session, xml)).body.referenceNumber)

  return {
    ask,
    until,
    challenge,
    submit,
    outcome,
    redeem,
    signIn,
    keyFor,
    wrap,
    newKey,
    opening,
    openSession,
    sealed,
    post,
    send,
    settled,
    deliver,
  }
}

export type Caller = ReturnType<typeof createCaller>
