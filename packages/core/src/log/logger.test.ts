import { inspect } from 'node:util'
import { Sealed } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { createLogger } from './logger.ts'

const API_KEY = `kfp_${'A1b2-C3d4_'.repeat(4)}xyz_0badf00d`
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ'
const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEcanary\nMIIEcanary2\n-----END PRIVATE KEY-----\n'
const TOKEN = '20261122-EC-1A2B3C4D5E-6F7A8B9C0D-1E|nip-1234563218|canary0f5e'
const PASSWORD = 'canary-hunter2'
const XML = '<?xml version="1.0"?>\n<Faktura xmlns="x"><P_2>canary/1</P_2></Faktura>'
const PLANTED = [API_KEY, JWT, 'MIIEcanary', 'canary0f5e', PASSWORD, 'canary/1', 'c2lnbmF0dXJl']

function loggedBy(work: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  work(createLogger({ service: 'test', level: 'trace', destination: { write: (line) => lines.push(line) } }))
  return lines.join('')
}

class Carrier extends Error {
  readonly request = { headers: { Authorization: `Bearer ${API_KEY}` }, password: PASSWORD }
  readonly token = TOKEN
}

const secretObject = {
  authorization: `Bearer ${API_KEY}`,
  password: PASSWORD,
  token: TOKEN,
  xml: XML,
  pem: PEM,
  jwt: JWT,
}

/** The nineteen shapes through which secrets left a default pino. */
const SHAPES: Record<string, (log: ReturnType<typeof createLogger>) => void> = {
  'a top-level field': (log) => log.info(secretObject, 'x'),
  'one level deep': (log) => log.info({ a: secretObject }, 'x'),
  'two levels deep': (log) => log.info({ a: { b: secretObject } }, 'x'),
  'four levels deep': (log) => log.info({ a: { b: { c: { d: secretObject } } } }, 'x'),
  'an array of strings': (log) => log.info({ sessionIds: [API_KEY, JWT, PEM, TOKEN] }, 'x'),
  'an array of objects': (log) => log.info({ items: [secretObject] }, 'x'),
  'the message text': (log) =>
    log.info(`calling with Bearer ${API_KEY} and ${PEM} for ${TOKEN} ${JWT} ${XML}`),
  interpolation: (log) => log.info('key %s jwt %s header %s', API_KEY, JWT, `Bearer ${PASSWORD}`),
  'an interpolated object': (log) =>
    log.info('body %o', { authorization: `Bearer ${API_KEY}`, password: PASSWORD }),
  'the message of an error': (log) =>
    log.error({ error: new Error(`refused ${API_KEY} ${JWT} ${PEM}`) }, 'x'),
  "an error's own property": (log) => log.error({ error: new Carrier('refused') }, 'x'),
  'the err field': (log) => log.error(new Carrier(`refused ${API_KEY}`)),
  'an error under another name': (log) => log.error({ failure: new Carrier('refused') }, 'x'),
  'the cause of an error': (log) =>
    log.error({ error: new Error('outer', { cause: new Carrier(`inner ${JWT}`) }) }, 'x'),
  'a header in other case': (log) =>
    log.info({ AUTHORIZATION: `Bearer ${API_KEY}`, PassWord: PASSWORD }, 'x'),
  'the query of a URL': (log) =>
    log.info({ route: `/x?token=${PASSWORD}&sig=${PASSWORD}`, reason: `https://u:${PASSWORD}@h/` }, 'x'),
  'JSON inside a string': (log) =>
    log.info({ reason: JSON.stringify({ password: PASSWORD, token: TOKEN }) }, 'x'),
  'a binding of a nested child': (log) =>
    log
      .child({ requestId: '1', ...secretObject })
      .child({ deep: secretObject })
      .info('x'),
  'toJSON of an object': (log) =>
    log.info({ reason: { toJSON: () => secretObject }, holder: { toJSON: () => API_KEY } }, 'x'),
}

describe('the logger', () => {
  test.each(Object.entries(SHAPES))('prints no planted secret that comes in %s', (_, work) => {
    const text = loggedBy(work)
    expect(text).not.toBe('')
    for (const line of text.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
    for (const planted of PLANTED) expect(text).not.toContain(planted)
  })

  test('all nineteen shapes are tried', () => {
    expect(Object.keys(SHAPES)).toHaveLength(19)
  })

  test('keeps what an operator needs: ids, codes, numbers, and the name, code and frames of an error', () => {
    const error = Object.assign(new TypeError('boom'), { code: 'ECONNREFUSED' })
    const line = JSON.parse(
      loggedBy((log) =>
        log.warn({ requestId: 'r-1', companyId: 'c-1', status: 503, ms: 12.5, error }, 'request'),
      ),
    )
    expect(line).toMatchObject({
      level: 'warn',
      service: 'test',
      event: 'request',
      requestId: 'r-1',
      companyId: 'c-1',
      status: 503,
      ms: 12.5,
      error: { name: 'TypeError', message: 'boom', code: 'ECONNREFUSED' },
    })
    expect(line.error.frames[0]).toMatch(/^at /)
  })

  test('names a field it left out, so that its absence is seen', () => {
    expect(JSON.parse(loggedBy((log) => log.info({ passphrase: PASSWORD }, 'x')))).toMatchObject({
      unlisted: ['passphrase'],
    })
  })

  test('a reference number without its secret stays readable', () => {
    const reference = '20261122-SO-1A2B3C4D5E-6F7A8B9C0D-1E'
    expect(loggedBy((log) => log.info({ referenceNumber: reference }, 'x'))).toContain(reference)
  })

  test('a sealed value prints as sealed', () => {
    const text = loggedBy((log) =>
      log.info({ reason: `${new Sealed(PASSWORD)}` }, inspect({ s: new Sealed(PASSWORD) })),
    )
    expect(text).not.toContain(PASSWORD)
    expect(text).toContain('[sealed]')
  })

  test('a hostile message costs no time out of proportion', () => {
    const hostile = [
      '-----BEGIN A-----'.repeat(5_000),
      'eyJ'.repeat(30_000),
      'token='.repeat(20_000),
      '<?xml'.repeat(20_000),
      'http://a:'.repeat(10_000),
    ]
    const started = performance.now()
    for (const message of hostile) loggedBy((log) => log.info(message))
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
