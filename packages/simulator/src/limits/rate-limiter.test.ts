import { expect, test } from 'vitest'
import { createClock } from '../clock.ts'
import { createRateLimiter } from './rate-limiter.ts'

const LIMITS = { perSecond: 2, perMinute: 100, perHour: 1000 }

function limiterAt() {
  const time = { ms: 1_000_000 }
  const limiter = createRateLimiter(createClock(() => new Date(time.ms)))
  return { time, spend: (key = 'a') => limiter.spend(key, LIMITS)?.retryAfterSeconds, limiter }
}

test('who waits Retry-After is let in', () => {
  const { time, spend } = limiterAt()
  expect([spend(), spend(), spend()]).toEqual([undefined, undefined, 1])
  time.ms += 1000
  expect(spend()).toBeUndefined()
})

test('who asks on during the block waits longer each time, up to eightfold', () => {
  const { time, spend } = limiterAt()
  spend()
  spend()
  expect([spend(), spend(), spend(), spend(), spend()]).toEqual([1, 2, 4, 8, 8])
  time.ms += 7999
  expect(spend()).toBe(8)
  time.ms += 8000
  expect(spend()).toBeUndefined()
})

test('keys do not touch each other, and a forgotten one starts anew', () => {
  const { spend, limiter } = limiterAt()
  expect([spend(), spend(), spend(), spend('b')]).toEqual([undefined, undefined, 1, undefined])
  limiter.forget('a')
  expect(spend()).toBeUndefined()
})
