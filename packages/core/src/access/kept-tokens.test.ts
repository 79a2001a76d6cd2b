import { randomBytes } from 'node:crypto'
import { Sealed } from '@ksef-fleet/ksef'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSealer } from '../secrets/sealer.ts'
import { isGood, keepToken, keepTokens, openTokens, sealTokens, shouldRenew } from './kept-tokens.ts'
import type { TokenOwner } from './token-cache.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const in_ = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000)
const tokens = (minutes: number) =>
  keepTokens(
    { token: new Sealed('access'), validUntil: in_(minutes) },
    { token: new Sealed('refresh'), until: in_(10_000) },
    NOW,
  )
const OWNER: TokenOwner = ['access-token', 'test', 'company', 'credential', '1', 'Nip', '5265877635']
const OTHER: TokenOwner = ['access-token', 'test', 'company', 'credential', '1', 'Nip', '1234563218']
const sealer = createSealer(randomBytes(32), randomBytes)

describe('kept tokens', () => {
  test('of fifteen minutes are renewed after twelve, and used until a call could outlive them', () => {
    const kept = tokens(15)
    expect(kept.renewAt).toEqual(in_(12))
    expect(kept.goodUntil).toEqual(in_(14.25))
    expect([shouldRenew(kept, in_(11.9)), shouldRenew(kept, in_(12))]).toEqual([false, true])
    expect([isGood(kept, in_(14.2)), isGood(kept, in_(14.25))]).toEqual([true, false])
  })

  test('are never kept longer than 55 minutes, however long KSeF lets them live', () => {
    expect(tokens(600).goodUntil.getTime()).toBeLessThanOrEqual(in_(55).getTime())
  })

  test('are renewed before they end, and end before KSeF ends them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (minutes) => {
        const kept = tokens(minutes)
        expect(kept.renewAt < kept.goodUntil && kept.goodUntil < kept.access.until).toBe(true)
      }),
    )
  })

  test('live as long as they say themselves, however far our clock is from KSeF’s', () => {
    for (const minutes of [-26 * 60, -10, -5, 0, 5, 10, 26 * 60]) {
      const validUntil = in_(15 - minutes)
      const access = { token: new Sealed('access'), validUntil, lifeSeconds: 900 }
      const kept = keepTokens(access, keepToken(access, NOW), NOW)
      expect([kept.renewAt, kept.goodUntil]).toEqual([in_(12), in_(14.25)])
    }
  })

  test('that do not say and seem to be at their end are still used for a while, and not asked for in a loop', () => {
    const kept = tokens(-5)
    expect(isGood(kept, in_(0.5))).toBe(true)
    expect(isGood(kept, in_(1))).toBe(false)
  })

  test('open as they were sealed, and only for their owner', () => {
    const text = sealTokens(sealer, OWNER, tokens(15))
    expect(text).not.toContain('access')
    const opened = openTokens(sealer, OWNER, text)
    expect(opened?.access.token.reveal()).toBe('access')
    expect(opened?.refresh.token.reveal()).toBe('refresh')
    expect(opened?.renewAt).toEqual(in_(12))
    expect(openTokens(sealer, OTHER, text)).toBeNull()
  })

  test('of another form, or no tokens at all, are a miss', () => {
    for (const plain of ['', 'v2:x', '{}', '[]', 'null', '{"access":{"token":1}}']) {
      expect(openTokens(sealer, OWNER, sealer.seal(Buffer.from(plain), OWNER))).toBeNull()
    }
    for (const text of ['', 'x', 'v1.x.y', JSON.stringify({})])
      expect(openTokens(sealer, OWNER, text)).toBeNull()
  })
})
