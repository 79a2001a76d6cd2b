import { expect, test } from 'vitest'
import type { CredentialVersion, UsableCredential } from '../credentials/credential.ts'
import { CompanyId, CredentialId, IntegrationId, Nip } from '../identifiers.ts'
import type { IntegrationHold } from '../integrations/fail-integration.ts'
import type { Integration } from '../integrations/integration.ts'
import type { CompanyBudget } from './company-budget.ts'
import type { CompanyFacts } from './company-facts.ts'
import { diagnose } from './diagnose.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const inDays = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000)
const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000)

const companyId = CompanyId.parse('0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b11')
const credentialId = CredentialId.parse('0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b12')
const company: CompanyFacts['company'] = {
  id: companyId,
  nip: Nip.parse('1111111111'),
  name: 'A',
  nipShared: false,
  address: null,
  contact: null,
  bankAccount: null,
  createdAt: inDays(-100),
}

const version: CredentialVersion = {
  credentialId,
  number: 1,
  state: 'active',
  origin: 'supplied',
  secretVersion: 'v',
  referenceNumber: null,
  serialNumber: null,
  fingerprint: null,
  subject: null,
  notBefore: inDays(-100),
  notAfter: inDays(400),
  failure: null,
  nextStepAt: null,
  tries: 0,
  nextNoticeAt: null,
  createdAt: inDays(-100),
  activatedAt: inDays(-100),
  retiredAt: null,
  erasedAt: null,
}

const own: UsableCredential = {
  id: credentialId,
  companyId,
  environment: 'test',
  name: 'seal',
  kind: 'certificate',
  context: null,
  secretRef: 'ref',
  state: 'active',
  autoRenew: false,
  createdAt: inDays(-100),
  endedAt: null,
  version,
}
const theProviders: UsableCredential = { ...own, companyId: null }

const active: Integration = {
  id: IntegrationId.parse('0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b13'),
  companyId,
  environment: 'test',
  context: { type: 'Nip', value: '1111111111' },
  scopes: ['InvoiceRead', 'InvoiceWrite'],
  state: 'active',
  permissionsInForce: ['InvoiceRead', 'InvoiceWrite'],
  grantCode: 'FLEET-7Q4M',
  nipProof: { method: 'own-credential', at: inDays(-100), by: null },
  failure: null,
  verifiedAt: minutesAgo(60),
  blockedUntil: null,
  createdAt: inDays(-100),
  revokedAt: null,
}

const sendBudget = (
  used: readonly [number, number, number],
  blockedUntil: Date | null = null,
): CompanyBudget => ({
  counted: 'fleet',
  limitsReadAt: null,
  groups: [
    {
      group: 'invoiceSend',
      blockedUntil,
      windows: (['second', 'minute', 'hour'] as const).map((window, index) => {
        const [max = 0, spent = 0] = [[10, 30, 180][index], used[index]]
        return { window, max, used: spent, left: Math.max(0, max - spent), freeAt: null }
      }),
    },
  ],
})

const facts = (change: Partial<CompanyFacts> = {}): CompanyFacts => ({
  now: NOW,
  company,
  integration: active,
  credentials: { chosen: own, passedOver: [] },
  own: [{ credential: own, versions: [version] }],
  waiting: [],
  offline: {
    availability: { state: 'online' },
    since: null,
    automatic: true,
    isOwnChoice: false,
    waiting: 0,
    late: 0,
    nextDeadline: null,
    canSignCodes: false,
  },
  syncs: [],
  webhooks: [],
  budget: sendBudget([0, 0, 0]),
  ...change,
})

const failedWith = (code: string, more: Partial<Integration> = {}) => ({
  integration: { ...active, state: 'failed' as const, failure: { code }, ...more },
})
const withVersion = (change: Partial<CredentialVersion>): Partial<CompanyFacts> => ({
  own: [
    { credential: own, versions: [version, { ...version, number: 2, createdAt: inDays(-1), ...change }] },
  ],
})
const noneUsable = (code: IntegrationHold): Partial<CompanyFacts> => ({
  credentials: { chosen: null, passedOver: [{ credential: own, code }] },
})

type Case = [title: string, facts: CompanyFacts, code: string, severity: string, who: string, does: RegExp]

const CASES: Case[] = [
  ['nothing wrong', facts(), 'ALL_WELL', 'tells', 'nobody', /Nothing/],
  [
    'no integration',
    facts({ integration: null }),
    'INTEGRATION_MISSING',
    'stops',
    'provider',
    /POST .*integrations/,
  ],
  [
    'a revoked integration',
    facts({ integration: { ...active, state: 'revoked', revokedAt: inDays(-1) } }),
    'INTEGRATION_REVOKED',
    'stops',
    'provider',
    /POST .*integrations/,
  ],
  [
    'a verification just asked for',
    facts({ integration: { ...active, state: 'pending', createdAt: minutesAgo(1) } }),
    'INTEGRATION_ON_ITS_WAY',
    'stops',
    'nobody',
    /Wait/,
  ],
  [
    'a verification nobody made',
    facts({ integration: { ...active, state: 'pending', createdAt: minutesAgo(6) } }),
    'INTEGRATION_ON_ITS_WAY',
    'stops',
    'fleet',
    /worker/,
  ],
  [
    'a NIP without proof',
    facts(failedWith('NIP_UNPROVED', { state: 'pending' })),
    'NIP_UNPROVED',
    'stops',
    'company',
    /FLEET-7Q4M.*attestation/,
  ],
  [
    'a missing permission of the provider',
    facts({
      ...failedWith('KSEF_PERMISSION_MISSING', { permissionsInForce: ['InvoiceRead'] }),
      credentials: { chosen: theProviders, passedOver: [] },
    }),
    'KSEF_PERMISSION_MISSING',
    'stops',
    'company',
    /to the provider/,
  ],
  [
    'a credential KSeF refuses',
    facts(failedWith('CREDENTIAL_REFUSED')),
    'CREDENTIAL_REFUSED',
    'stops',
    'company',
    /companies\/.*\/credentials\/.*\/rotate/,
  ],
  [
    'a credential of the provider that KSeF refuses',
    facts({ ...failedWith('CREDENTIAL_REFUSED'), credentials: { chosen: theProviders, passedOver: [] } }),
    'CREDENTIAL_REFUSED',
    'stops',
    'provider',
    /POST \/v1\/credentials\/.*\/rotate/,
  ],
  ['a broken secret', facts(failedWith('SECRET_BROKEN')), 'SECRET_BROKEN', 'stops', 'company', /rotate/],
  [
    'a secret store that is down',
    facts({ integration: { ...active, failure: { code: 'SECRET_UNAVAILABLE' } } }),
    'SECRET_UNAVAILABLE',
    'warns',
    'fleet',
    /secret store/,
  ],
  [
    'KSeF that cannot be reached',
    facts({ integration: { ...active, failure: { code: 'KSEF_UNREACHABLE' } } }),
    'KSEF_UNREACHABLE',
    'warns',
    'ksef',
    /tries again/,
  ],
  [
    'KSeF that asked for silence',
    facts({ integration: { ...active, blockedUntil: inDays(1) } }),
    'KSEF_SILENT',
    'stops',
    'ksef',
    /Nothing/,
  ],
  [
    'an expired certificate',
    facts(noneUsable('CREDENTIAL_EXPIRED')),
    'CREDENTIAL_EXPIRED',
    'stops',
    'company',
    /rotate/,
  ],
  [
    'no credential at all',
    facts({ credentials: { chosen: null, passedOver: [] }, own: [] }),
    'CREDENTIAL_MISSING',
    'stops',
    'provider',
    /POST .*credentials/,
  ],
  [
    'a certificate about to end',
    facts({
      credentials: { chosen: { ...own, version: { ...version, notAfter: inDays(7) } }, passedOver: [] },
    }),
    'CREDENTIAL_EXPIRING',
    'warns',
    'company',
    /rotate/,
  ],
  [
    'a rotation that does not move',
    facts(withVersion({ state: 'staged', tries: 3, nextStepAt: NOW, failure: { code: 'KSEF_UNREACHABLE' } })),
    'ROTATION_WAITS',
    'warns',
    'ksef',
    /tries again/,
  ],
  [
    'a rotation that failed',
    facts(withVersion({ state: 'failed', activatedAt: null, failure: { code: 'CREDENTIAL_REFUSED' } })),
    'ROTATION_FAILED',
    'warns',
    'company',
    /rotate/,
  ],
  [
    'held invoices',
    facts({ waiting: [{ state: 'held', reason: 'KSEF_UNSETTLED', count: 2, oldest: minutesAgo(9) }] }),
    'KSEF_UNSETTLED',
    'stops',
    'ksef',
    /state=held/,
  ],
  [
    'corrections that wait for their originals for long',
    facts({
      waiting: [{ state: 'pending', reason: 'ORIGINAL_AWAITED', count: 2, oldest: minutesAgo(25 * 60) }],
    }),
    'ORIGINAL_AWAITED',
    'warns',
    'company',
    /waitsFor.*hold it and release it/,
  ],
  [
    'invoices pending for long',
    facts({ waiting: [{ state: 'pending', reason: null, count: 3, oldest: minutesAgo(16) }] }),
    'PENDING_LONG',
    'warns',
    'fleet',
    /worker/,
  ],
]

test.each(CASES)(
  '%s is found, with who must act and what to do',
  (...[, given, code, severity, who, does]) => {
    const [first] = diagnose(given)
    expect(first).toMatchObject({ code, severity, who, do: expect.stringMatching(does) })
  },
)

test('what stops invoices stands before what warns, and that before what only tells', () => {
  const found = diagnose(
    facts({
      integration: { ...active, failure: { code: 'KSEF_UNREACHABLE' }, blockedUntil: inDays(1) },
      waiting: [{ state: 'pending', reason: null, count: 1, oldest: minutesAgo(90) }],
      budget: sendBudget([0, 30, 31]),
    }),
  )
  expect(found.map(({ code, severity }) => [code, severity])).toEqual([
    ['KSEF_SILENT', 'stops'],
    ['KSEF_UNREACHABLE', 'warns'],
    ['INVOICES_WAIT', 'tells'],
    ['BUDGET_SPENT', 'tells'],
  ])
})

test('a limit group that KSeF refuses is told, and an invoice that waits for it is not late', () => {
  const found = diagnose(
    facts({
      waiting: [{ state: 'pending', reason: null, count: 1, oldest: minutesAgo(90) }],
      budget: sendBudget([0, 0, 0], inDays(1)),
    }),
  )
  expect(found.map(({ code, severity, who }) => [code, severity, who])).toEqual([
    ['KSEF_RATE_LIMITED', 'warns', 'ksef'],
    ['INVOICES_WAIT', 'tells', 'nobody'],
  ])
})

test('a company is well while it is only told something', () => {
  const renewed = { ...own, autoRenew: true, version: { ...version, notAfter: inDays(20) } }
  const found = diagnose(
    facts({
      credentials: { chosen: renewed, passedOver: [{ credential: own, code: 'CREDENTIAL_OFFLINE_TYPE' }] },
      waiting: [{ state: 'pending', reason: null, count: 1, oldest: minutesAgo(1) }],
    }),
  )
  expect(found.map(({ code }) => code)).toEqual([
    'ALL_WELL',
    'CREDENTIAL_PASSED_OVER',
    'CREDENTIAL_EXPIRING',
    'INVOICES_WAIT',
  ])
})

test('what people hold is no illness', () => {
  const waiting = [{ state: 'held' as const, reason: 'HELD_BY_REQUEST', count: 2, oldest: minutesAgo(9) }]
  expect(diagnose(facts({ waiting })).map(({ code, severity }) => [code, severity])).toEqual([
    ['ALL_WELL', 'tells'],
    ['HELD_BY_REQUEST', 'tells'],
  ])
})

test('a rotation that failed is no news after a week', () => {
  const failed = { state: 'erased', activatedAt: null, failure: { code: 'CREDENTIAL_REFUSED' } } as const
  const codes = (createdAt: Date) =>
    diagnose(facts(withVersion({ ...failed, createdAt }))).map(({ code }) => code)
  expect([codes(inDays(-6)), codes(inDays(-8))]).toEqual([['ROTATION_FAILED'], ['ALL_WELL']])
})

test('one dead credential is told once, and a code this version does not know is told all the same', () => {
  const dead = diagnose(facts({ ...failedWith('CREDENTIAL_EXPIRED'), ...noneUsable('CREDENTIAL_EXPIRED') }))
  expect(dead.map(({ code }) => code)).toEqual(['CREDENTIAL_EXPIRED'])
  const [unknown] = diagnose(facts(failedWith('A_CODE_OF_TOMORROW')))
  expect(unknown).toMatchObject({ code: 'KSEF_UNKNOWN_ANSWER', severity: 'stops' })
})
