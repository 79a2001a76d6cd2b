import { describe, expect, test } from 'vitest'
import { afterAnswer, WEBHOOK_RETRY_SECONDS, type WebhookAnswer } from './after-answer.ts'

const NOW = new Date('2026-11-28T12:00:00Z')
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000)
const answered = (status: number, retryAfter: string | null = null): WebhookAnswer => ({
  answered: true,
  status,
  retryAfter,
  extract: null,
})
const after = (answer: WebhookAnswer, tries = 0, chance = 0) =>
  afterAnswer(answer, { tries, retrySeconds: WEBHOOK_RETRY_SECONDS, now: NOW, chance })

describe('after an answer', () => {
  test.each([200, 201, 202, 204, 299])('%i has arrived', (status) => {
    expect(after(answered(status))).toEqual({ to: 'delivered' })
  })

  test.each([300, 301, 302, 304, 307, 308])('%i is a failure: no redirect is followed', (status) => {
    expect(after(answered(status))).toMatchObject({ to: 'again', code: 'WEBHOOK_REDIRECTED' })
  })

  test.each([400, 401, 404, 422, 500, 502, 503])('%i comes again', (status) => {
    expect(after(answered(status))).toEqual({
      to: 'again',
      code: 'WEBHOOK_REFUSED',
      at: at(5),
      pauseUntil: null,
    })
  })

  test('410 ends it', () => {
    expect(after(answered(410))).toEqual({ to: 'gone', code: 'WEBHOOK_GONE' })
  })

  test('no answer comes again, with its reason', () => {
    expect(after({ answered: false, code: 'WEBHOOK_TIMEOUT' }, 3)).toEqual({
      to: 'again',
      code: 'WEBHOOK_TIMEOUT',
      at: at(7_200),
      pauseUntil: null,
    })
  })

  test('ten attempts within three days and a few hours, then it is dead', () => {
    const days = WEBHOOK_RETRY_SECONDS.reduce((sum, seconds) => sum + seconds, 0) / 86_400
    expect(WEBHOOK_RETRY_SECONDS).toHaveLength(9)
    expect(days).toBeGreaterThan(3)
    expect(days).toBeLessThan(3.5)
    expect(after(answered(500), 8)).toMatchObject({ to: 'again' })
    expect(after(answered(500), 9)).toEqual({ to: 'dead', code: 'WEBHOOK_REFUSED' })
  })

  test('a wait is up to a tenth longer, never shorter', () => {
    expect(after(answered(500), 1, 1)).toMatchObject({ at: at(330) })
  })

  test.each([
    [503, '120', at(120)],
    [429, '120', at(120)],
    [429, NOW.toUTCString(), null],
    [429, at(600).toUTCString(), at(600)],
    [503, '999999', at(21_600)],
    [503, '-5', null],
    [503, 'soon', null],
    [500, '120', null],
  ])('%i with Retry-After %s pauses within bounds', (status, retryAfter, pauseUntil) => {
    expect(after(answered(status, retryAfter))).toMatchObject({
      at: pauseUntil ?? at(5),
      pauseUntil,
    })
  })
})
