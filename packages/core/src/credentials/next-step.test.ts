import { describe, expect, test } from 'vitest'
import { CredentialId } from '../identifiers.ts'
import { type CredentialVersion, VERSION_STATES, type VersionState } from './credential.ts'
import { nextStep, type Step } from './next-step.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000)

const version = (number: number, state: VersionState, notAfter: Date | null = null): CredentialVersion => ({
  credentialId: CredentialId.parse('0192f0a0-0000-7000-8000-000000000001'),
  number,
  state,
  origin: 'supplied',
  secretVersion: 'v',
  referenceNumber: null,
  serialNumber: null,
  fingerprint: null,
  subject: null,
  notBefore: null,
  notAfter,
  failure: null,
  nextStepAt: null,
  tries: 0,
  nextNoticeAt: null,
  createdAt: NOW,
  activatedAt: null,
  retiredAt: null,
  erasedAt: null,
})

const CERTIFICATE = { state: 'active', kind: 'certificate', autoRenew: true } as const

const stepOf = (
  one: CredentialVersion,
  more: { others?: CredentialVersion[]; credential?: Parameters<typeof nextStep>[0]['credential'] } = {},
): Step =>
  nextStep({
    credential: more.credential ?? CERTIFICATE,
    version: one,
    versions: [one, ...(more.others ?? [])],
    now: NOW,
  })

describe('the next step', () => {
  test.each([
    ['requested', 'make'],
    ['staged', 'prove'],
    ['proved', 'promote'],
    ['active', 'rest'],
    ['retiring', 'drain'],
    ['drained', 'revoke'],
    ['revoked', 'erase'],
    ['failed', 'erase'],
    ['erased', 'rest'],
  ] as const)('of a version that is %s is to %s', (state, step) => {
    expect(stepOf(version(1, state))).toBe(step)
  })

  test.each([
    ['requested', 'give-up'],
    ['staged', 'give-up'],
    ['proved', 'give-up'],
    ['active', 'retire'],
    ['retiring', 'drain'],
    ['drained', 'revoke'],
    ['revoked', 'erase'],
    ['failed', 'erase'],
    ['erased', 'rest'],
  ] as const)('of a version that is %s, when its credential ends, is to %s', (state, step) => {
    expect(stepOf(version(1, state), { credential: { ...CERTIFICATE, state: 'ending' } })).toBe(step)
  })

  test('of an overtaken version is to give it up, so that an older secret never takes the place of a newer one', () => {
    const overtaken = { others: [version(3, 'active')] }
    expect(stepOf(version(2, 'proved'), overtaken)).toBe('give-up')
    expect(stepOf(version(2, 'proved'), { others: [version(1, 'active')] })).toBe('promote')
  })

  test('leads from every state to the end', () => {
    const ends: VersionState[] = ['active', 'erased']
    for (const state of VERSION_STATES) {
      if (!ends.includes(state)) expect(stepOf(version(1, state)), state).not.toBe('rest')
    }
  })
})

describe('a renewal', () => {
  const ending = version(1, 'active', days(30))

  test('is due thirty days before the end, and not a day earlier', () => {
    expect(stepOf(ending)).toBe('renew')
    expect(stepOf(version(1, 'active', days(31)))).toBe('rest')
  })

  test('is not asked for while a successor is on its way', () => {
    for (const state of ['requested', 'staged', 'proved'] as const)
      expect(stepOf(ending, { others: [version(2, state)] })).toBe('rest')
  })

  test('is asked for again when the successor failed', () => {
    expect(stepOf(ending, { others: [version(2, 'failed')] })).toBe('renew')
    expect(stepOf(ending, { others: [version(2, 'erased')] })).toBe('renew')
  })

  test('is never made of a credential whose owner renews it, nor of a token', () => {
    expect(stepOf(ending, { credential: { ...CERTIFICATE, autoRenew: false } })).toBe('rest')
    expect(stepOf(ending, { credential: { ...CERTIFICATE, kind: 'token' } })).toBe('rest')
  })
})
