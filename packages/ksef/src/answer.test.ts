import { expect, test } from 'vitest'
import { failureOfAnswer, type HttpAnswer } from './answer.ts'

const now = new Date('2026-11-22T10:00:00Z')
const answer = (status: number, body: unknown, headers: HttpAnswer['headers'] = {}): HttpAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})
const problem = (code: number | string) => ({
  title: 'Bad Request',
  status: 400,
  detail: 'Żądanie jest nieprawidłowe.',
  errors: [{ code, description: 'Opis.', details: ['Szczegół.'] }],
  traceId: '673843e023c432286660bc0501a3af44',
})

test('problem details give code, words, details and trace id', () => {
  expect(failureOfAnswer('sendInvoice', answer(400, problem(21155)), now)).toEqual({
    operation: 'sendInvoice',
    kind: 'refused',
    effect: 'none',
    code: 'SESSION_FULL',
    httpStatus: 400,
    exceptionCode: 21155,
    description: 'Opis.',
    details: ['Szczegół.'],
    traceId: '673843e023c432286660bc0501a3af44',
  })
})

test('the older form of an error and a code written as text say the same', () => {
  const exceptionDetailList = [{ exceptionCode: '21180', exceptionDescription: 'Opis.', details: null }]
  const failure = failureOfAnswer('sendInvoice', answer(400, { exception: { exceptionDetailList } }), now)
  expect(failure).toMatchObject({ code: 'SESSION_CLOSED', exceptionCode: 21180, effect: 'none' })
})

test('one number means different things to different operations', () => {
  expect(failureOfAnswer('sendInvoice', answer(400, problem(21180)), now).code).toBe('SESSION_CLOSED')
  expect(failureOfAnswer('closeOnlineSession', answer(400, problem(21180)), now).code).toBe(
    'SESSION_ALREADY_CLOSED',
  )
})

test('a code nobody knows leaves a POST undecided and a read harmless', () => {
  expect(failureOfAnswer('sendInvoice', answer(400, problem(29999)), now)).toMatchObject({
    code: 'KSEF_UNKNOWN_CODE',
    effect: 'unknown',
    exceptionCode: 29999,
  })
  expect(failureOfAnswer('getSessionStatus', answer(400, problem(29999)), now).effect).toBe('none')
})

test('a session that KSeF does not find has taken nothing', () => {
  expect(failureOfAnswer('sendInvoice', answer(400, problem(21173)), now)).toMatchObject({
    effect: 'none',
  })
})

test.each([
  [401, 'unauthorized', 'none'],
  [403, 'forbidden', 'none'],
  [404, 'refused', 'unknown'],
  [410, 'gone', 'none'],
  [429, 'rate-limited', 'none'],
  [500, 'server', 'unknown'],
  [504, 'server', 'unknown'],
  [307, 'unreadable', 'unknown'],
])('HTTP %i on a POST is %s with effect %s', (status, kind, effect) => {
  expect(failureOfAnswer('sendInvoice', answer(status, ''), now)).toMatchObject({
    kind,
    effect,
    httpStatus: status,
  })
})

test('a 403 is named by its reason, and HTML by the firewall it came from', () => {
  const json = { title: 'Forbidden', status: 403, detail: 'Brak.', reasonCode: 'missing-permissions' }
  expect(failureOfAnswer('sendInvoice', answer(403, json), now)).toMatchObject({
    code: 'KSEF_MISSING_PERMISSIONS',
    reasonCode: 'missing-permissions',
    description: 'Brak.',
  })
  const html = '<!DOCTYPE html><html><body>Request rejected</body></html>'
  expect(failureOfAnswer('sendInvoice', answer(403, html), now).code).toBe('KSEF_BLOCKED_BY_SECURITY')
})

test('an expired UPO link is not a matter of permissions', () => {
  const azure = '<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code></Error>'
  expect(failureOfAnswer('downloadUpo', answer(403, azure), now)).toMatchObject({
    kind: 'gone',
    code: 'UPO_LINK_EXPIRED',
  })
})

test('Retry-After is passed on in seconds', () => {
  const body = { status: { code: 429, description: 'Too Many Requests', details: ['Spróbuj za 30 s.'] } }
  expect(failureOfAnswer('sendInvoice', answer(429, body, { 'retry-after': '30' }), now)).toMatchObject({
    retryAfterSeconds: 30,
    description: 'Too Many Requests',
    details: ['Spróbuj za 30 s.'],
  })
  expect(failureOfAnswer('sendInvoice', answer(429, body), now)).not.toHaveProperty('retryAfterSeconds')
})

test('words are bounded and a token in them is taken out', () => {
  const jwt = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(60)}.c2lnbmF0dXJl`
  const body = { detail: `Token ${jwt} odrzucony. ${'x'.repeat(5000)}` }
  const failure = failureOfAnswer('sendInvoice', answer(400, body), now)
  expect(failure.description).toHaveLength(500)
  expect(failure.description).toContain('Token [sealed] odrzucony.')
})

test.each([
  '',
  'null',
  '[]',
  '"text"',
  '{"errors":7}',
  '{"errors":[{"code":"x"}]}',
  '{"exception":null}',
  '\u0000',
])('a 400 with the body %j is still a refusal', (body) => {
  expect(failureOfAnswer('sendInvoice', answer(400, body), now)).toMatchObject({
    kind: 'refused',
    effect: 'unknown',
  })
})
