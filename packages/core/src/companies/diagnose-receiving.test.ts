import { expect, test } from 'vitest'
import { CompanyId, IntegrationId, WebhookId } from '../identifiers.ts'
import type { SyncState } from '../inbox/sync-state.ts'
import type { Webhook } from '../webhooks/webhook.ts'
import { diagnoseReceiving } from './diagnose-receiving.ts'
import { diagnoseWebhooks } from './diagnose-webhooks.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const inDays = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000)
const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000)
const companyId = CompanyId.parse('0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b11')
const company = { id: companyId }

const sync = (change: Partial<SyncState> = {}): SyncState => ({
  integrationId: IntegrationId.parse('0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b13'),
  subjectType: 'Subject2',
  companyId,
  environment: 'test',
  startAt: inDays(-100),
  checkpoint: minutesAgo(10),
  intervalSeconds: 900,
  isEnabled: true,
  held: null,
  nextSyncAt: minutesAgo(-5),
  fence: 1,
  failures: 0,
  failingSince: null,
  failure: null,
  completedAt: minutesAgo(10),
  received: 0,
  pace: null,
  lateAt: minutesAgo(-50),
  lateToldAt: null,
  nextAuditAt: inDays(3),
  auditFailure: null,
  ...change,
})
const lastFailure = { code: 'EXPORT_FAILED', at: NOW.toISOString() }

const webhook = (change: Partial<Webhook> = {}): Webhook => ({
  id: WebhookId.parse('0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b14'),
  companyId,
  url: 'https://receiver.example/',
  name: 'Księgowość',
  types: null,
  ordered: false,
  state: 'enabled',
  disabledCode: null,
  disabledAt: null,
  secrets: [],
  failingSince: null,
  failures: 0,
  blockedUntil: null,
  createdAt: inDays(-50),
  ...change,
})

const received = (...syncs: SyncState[]) => diagnoseReceiving({ syncs, now: NOW, company })

test.each([
  ['nothing while all is well', sync(), []],
  ['nothing of one failure', sync({ failures: 1, failure: lastFailure }), []],
  ['one that is late, and nobody knows why', sync({ lateAt: minutesAgo(1) }), [['SYNC_LATE', 'fleet']]],
  [
    'one that is late for what holds it',
    sync({ lateAt: minutesAgo(1), held: { code: 'KSEF_PERMISSION_MISSING' }, nextSyncAt: null }),
    [['SYNC_LATE', 'company']],
  ],
  ['one that keeps failing', sync({ failures: 3, failure: lastFailure }), [['SYNC_FAILING', 'ksef']]],
  [
    'an audit that keeps failing',
    sync({ auditFailure: { ...lastFailure, failures: 3, since: lastFailure.at } }),
    [['SYNC_AUDIT_FAILING', 'ksef']],
  ],
])('of receiving it tells %s', (_, state, expected) => {
  const found = received(state)
  expect(found.map(({ code, who }) => [code, who])).toEqual(expected)
  for (const finding of found)
    expect(finding).toMatchObject({ severity: 'warns', do: expect.stringMatching(/\/sync tells more/) })
})

test('a webhook that the fleet disabled is told, and one that somebody did is not', () => {
  const found = diagnoseWebhooks([
    webhook(),
    webhook({ state: 'disabled', disabledAt: NOW }),
    webhook({ state: 'disabled', disabledAt: NOW, disabledCode: 'WEBHOOK_GONE' }),
  ])
  expect(found).toMatchObject([
    { code: 'WEBHOOK_GONE', severity: 'warns', since: NOW, do: expect.stringMatching(/webhooks\/0199c1d2/) },
  ])
})
