import { randomBytes } from 'node:crypto'
import { Sealed } from '@ksef-fleet/ksef'
import { expect, test, vi } from 'vitest'
import { createSealer } from '../secrets/sealer.ts'
import { keepTokens } from './kept-tokens.ts'
import type { TokenCache, TokenOwner } from './token-cache.ts'
import { createTokenShelf } from './token-shelf.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const OWNER: TokenOwner = ['access-token', 'test', 'company', 'credential', '1', 'Nip', '5265877635']

const tokens = (name: string) =>
  keepTokens(
    { token: new Sealed(name), validUntil: new Date(NOW.getTime() + 15 * 60_000) },
    { token: new Sealed(`refresh ${name}`), until: new Date(NOW.getTime() + 60 * 60_000) },
    NOW,
  )

/** A Redis that can be made to answer nothing for a while; what it held it holds on. */
function cacheThatFails(): TokenCache & { away: boolean } {
  const held = new Map<string, string>()
  const cache: TokenCache & { away: boolean } = {
    away: false,
    get: async (key) => answer(() => held.get(key) ?? null),
    set: async (key, value) => answer(() => void held.set(key, value)),
    delete: async (key) => answer(() => void held.delete(key)),
    deleteAll: async () => answer(() => held.clear()),
    lock: async () => true,
    prolong: async () => {},
    unlock: async () => {},
  }
  const answer = <T>(work: () => T): T => {
    if (cache.away) throw new Error('Command timed out')
    return work()
  }
  return cache
}

test('a token that was dropped while Redis could not be told does not come back from there', async () => {
  const cache = cacheThatFails()
  const log = { info() {}, warn() {}, error() {} }
  const shelf = createTokenShelf({
    cache,
    sealer: createSealer(randomBytes(32), randomBytes),
    now: () => NOW,
    log,
  })
  await shelf.put(OWNER, tokens('dead'))
  cache.away = true
  await shelf.drop(OWNER, new Sealed('dead'))
  cache.away = false
  expect(await shelf.get(OWNER)).toBeNull()
  await shelf.put(OWNER, tokens('new'))
  expect((await shelf.get(OWNER))?.access.token.reveal()).toBe('new')
  // Another's late complaint of the old one leaves the new one alone.
  await shelf.drop(OWNER, new Sealed('dead'))
  expect((await shelf.get(OWNER))?.access.token.reveal()).toBe('new')
})

test('a lock is prolonged while its holder lives, and never after it was given back', async () => {
  vi.useFakeTimers()
  try {
    const prolonged: number[] = []
    const cache = {
      ...cacheThatFails(),
      prolong: async (_key: string, _holder: string, lifeMs: number) => void prolonged.push(lifeMs),
    }
    const log = { info() {}, warn() {}, error() {} }
    const sealer = createSealer(randomBytes(32), randomBytes)
    const shelf = createTokenShelf({ cache, sealer, now: () => NOW, log })
    const lock = await shelf.lock(OWNER, 'holder', 4_000)
    await vi.advanceTimersByTimeAsync(8_000)
    expect(prolonged.length).toBeGreaterThanOrEqual(4)
    await lock?.release()
    const until = prolonged.length
    await vi.advanceTimersByTimeAsync(8_000)
    expect(prolonged.length).toBe(until)
  } finally {
    vi.useRealTimers()
  }
})
