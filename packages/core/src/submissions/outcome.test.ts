import { glob, readFile } from 'node:fs/promises'
import {
  INVOICE_STATUSES,
  KSEF_ERRORS,
  type KsefErrorCode,
  type KsefFailureKind,
  refusalCode,
  SESSION_STATUSES,
  SIGN_IN_STATUSES,
} from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { actorFor } from '../companies/finding.ts'
import { afterSend } from '../delivery/after-send.ts'
import { afterStatus } from '../delivery/after-status.ts'
import { Nip } from '../identifiers.ts'
import { HELD_WITH_INTEGRATION } from '../integrations/fail-integration.ts'
import { REJECTION_OUTCOMES } from './delivery-outcomes.ts'
import { KSEF_MEANINGS } from './ksef-meanings.ts'
import { MARKED_OUTCOMES } from './offline-outcomes.ts'
import { actionsOn, outcomeOf, REASON_CODES, REASON_OUTCOMES } from './outcome.ts'
import type { OutcomeRow } from './outcome-row.ts'
import { STATE_OUTCOMES } from './state-outcomes.ts'
import {
  SUBMISSION_STATES,
  type Submission,
  type SubmissionReason,
  type SubmissionState,
} from './submission.ts'

const numbers = (rows: object): number[] => Object.keys(rows).map(Number)
const INVOICE_CODES = numbers(INVOICE_STATUSES)
const refusing = (rows: Record<number, { outcome: string }>) =>
  numbers(rows).filter((code) => rows[code]?.outcome === 'refused')

const verdictOn = (code: number) =>
  afterStatus(
    { sellerNip: Nip.parse('5265877635'), polls: 9 },
    { referenceNumber: 'R', status: { code, description: 'opis', details: [], extensions: {} } },
  )
const ONLINE = { offlineMode: null, invoicingMode: null }
const outcome = (state: SubmissionState, reason: SubmissionReason<string> | null = null) =>
  outcomeOf({ state, reason, ...ONLINE })

describe('the tables', () => {
  const rows: [string, OutcomeRow][] = [
    ...Object.entries(REASON_OUTCOMES),
    ...Object.entries(REJECTION_OUTCOMES),
    ...Object.entries(STATE_OUTCOMES),
    ...Object.entries(MARKED_OUTCOMES),
  ]
  test.each(rows)('%s is told in whole sentences, in Polish and in English', (...[, row]) => {
    for (const { pl, en } of [row.meaning, row.whatToDo]) {
      expect(pl).toMatch(/^\p{Lu}.*\.$/u)
      expect(en).toMatch(/^\p{Lu}.*\.$/u)
      expect(pl).not.toBe(en)
    }
  })

  test.each(rows)('%s names somebody who acts exactly when somebody must', (...[, { actor, retry }]) => {
    if (retry === 'automatic') expect(actor).toBe('nobody')
    if (retry === 'automatic-after' || retry === 'helps-after') expect(actor).not.toBe('nobody')
  })

  test.each(REASON_CODES)('%s is blamed on whom the table of errors blames', (code) => {
    const { actor, retry } = REASON_OUTCOMES[code]
    if (retry !== 'automatic') expect(actor).toBe(actorFor(code))
  })

  test('go by themselves exactly those reasons that a verified integration releases', () => {
    const released = REASON_CODES.filter((code) => REASON_OUTCOMES[code].retry === 'automatic-after')
    expect(new Set(released)).toEqual(new Set(HELD_WITH_INTEGRATION))
  })

  test('have no reason that nothing stores', async () => {
    const root = `${import.meta.dirname}/..`
    const places = '{access,context,delivery,integrations,jobs,secrets,submissions}/*.ts'
    let source = ''
    for await (const file of glob(places, { cwd: root })) {
      if (/\.test\.ts$|-outcomes\.ts$|submissions\/outcome\.ts$/.test(file)) continue
      const text = await readFile(`${root}/${file}`, 'utf8')
      source += text.replace(/HELD_WITH_INTEGRATION = \[[^\]]*\]/, '')
    }
    expect(source).toContain("'HELD_BY_REQUEST'")
    expect(REASON_CODES.filter((code) => !source.includes(`'${code}'`))).toEqual([])
  })

  test('know every number KSeF may answer with, of each resource its own, and no other', () => {
    expect(numbers(KSEF_MEANINGS.invoice)).toEqual(INVOICE_CODES)
    expect(numbers(KSEF_MEANINGS.session)).toEqual(refusing(SESSION_STATUSES))
    expect(numbers(KSEF_MEANINGS['sign-in'])).toEqual(refusing(SIGN_IN_STATUSES))
    const refusals = Array.from({ length: 3_000 }, (_, at) => 20_000 + at)
    const known = refusals.filter((code) => refusalCode('sendInvoice', code) !== 'KSEF_UNKNOWN_CODE')
    expect(numbers(KSEF_MEANINGS.request)).toEqual(known)
  })

  test('tell of each status that rejects an invoice why, and of no other', () => {
    expect(numbers(REJECTION_OUTCOMES)).toEqual(
      INVOICE_CODES.filter((code) => verdictOn(code).to === 'rejected'),
    )
  })
})

describe('an outcome', () => {
  test.each(SUBMISSION_STATES)('is there for %s, whatever reason stands beside it', (state) => {
    for (const code of [null, 'A_CODE_OF_TOMORROW', ...REASON_CODES]) {
      const told = outcome(state, code === null ? null : { code })
      expect(told).toMatchObject({ code: code ?? expect.any(String), meaning: { pl: expect.any(String) } })
    }
  })

  test.each(INVOICE_CODES.filter((code) => code !== 200))('of invoice status %d has a row', (code) => {
    const verdict = verdictOn(code)
    const stored: SubmissionReason =
      'reason' in verdict
        ? verdict.reason
        : { code: 'KSEF_PROCESSING', ksefCode: code, ksefResource: 'invoice' }
    const told = outcome('held', stored)
    expect(REASON_CODES).toContain(told.code)
    expect(told.ksef).toMatchObject({ resource: 'invoice', code })
    expect(told.ksef?.meaning.en).not.toMatch(/does not know/)
  })

  test('of a failed POST has a row, whatever failed', () => {
    const kinds: KsefFailureKind[] = [
      ...(['connection', 'refused', 'unauthorized', 'forbidden'] as const),
      ...(['gone', 'rate-limited', 'server', 'unreadable', 'status'] as const),
    ]
    for (const code of Object.keys(KSEF_ERRORS) as KsefErrorCode[])
      for (const kind of kinds) {
        const failure = { operation: 'sendInvoice', kind, effect: 'none', code } as const
        const after = afterSend({ ok: false, failure }, 1)
        if (!('reason' in after)) throw new Error(`${code} has no reason`)
        expect(REASON_CODES, code).toContain(after.reason.code)
        const goesByItself = outcome(after.to, after.reason).retry === 'automatic'
        expect(goesByItself, `${code} ${kind}`).toBe(after.to === 'pending')
      }
  })

  test('tells 415 and 440 apart by whose they are', () => {
    const told = (ksefResource: 'invoice' | 'session' | 'sign-in', ksefCode: number) =>
      outcome('held', { code: 'DELIVERY_KEEPS_FAILING', ksefResource, ksefCode }).ksef?.meaning.pl
    expect(new Set([told('invoice', 415), told('session', 415), told('sign-in', 415)]).size).toBe(3)
    expect(told('invoice', 440)).not.toBe(told('session', 440))
  })

  test('of a number nobody knows says so, and of a reason stored before resources were kept finds it', () => {
    const stored = (ksefCode: number) => outcome('held', { code: 'KSEF_UNKNOWN_ANSWER', ksefCode }).ksef
    expect(stored(777)).toMatchObject({
      resource: 'invoice',
      meaning: { en: expect.stringMatching(/does not know/) },
    })
    expect(stored(29_999)).toMatchObject({
      resource: 'request',
      meaning: { en: expect.stringMatching(/does not know/) },
    })
    expect(stored(550)).toMatchObject({ resource: 'invoice', meaning: KSEF_MEANINGS.invoice[550] })
  })

  test('of a registered one carries KSeF’s 200', () => {
    for (const state of ['registered', 'receipted'] as const)
      expect(outcome(state).ksef).toMatchObject({ resource: 'invoice', code: 200 })
    expect(outcome('sent').ksef).toBeNull()
  })

  test('of one that KSeF marked offline says so, and of one that was issued offline nothing of the kind', () => {
    const told = (
      state: SubmissionState,
      of: Pick<Submission, 'offlineMode' | 'invoicingMode'>,
      reason: SubmissionReason | null = null,
    ) => outcomeOf({ state, reason, ...of })
    const marked = { offlineMode: null, invoicingMode: 'Offline' } as const
    for (const [state, code] of [
      ['registered', 'REGISTERED_AS_OFFLINE'],
      ['receipted', 'RECEIPTED_AS_OFFLINE'],
    ] as const)
      expect(told(state, marked)).toMatchObject({ code, actor: 'company', retry: 'no', ksef: { code: 200 } })
    for (const of of [
      { offlineMode: 'offline24', invoicingMode: 'Offline' },
      { offlineMode: null, invoicingMode: 'Online' },
      { offlineMode: null, invoicingMode: null },
    ] as const)
      expect(told('receipted', of)).toMatchObject({ code: 'RECEIPTED', actor: 'nobody' })
  })
})

describe('what can be asked of a submission', () => {
  const actions = (state: SubmissionState, reason: SubmissionReason<string> | null = null) =>
    actionsOn({ state, reason, ...ONLINE })

  test('follows from its state', () => {
    expect(actions('pending')).toEqual(['hold'])
    expect(actions('held', { code: 'KSEF_UNSETTLED' })).toEqual(['release'])
    for (const state of ['claimed', 'sent', 'lost', 'registered', 'receipted'] as const)
      expect(actions(state)).toEqual([])
  })

  test('is a retry only where the cause of the rejection lay outside the document', () => {
    const rejected = (ksefCode: number, code = 'KSEF_REJECTED') =>
      actions('rejected', { code, ksefCode, ksefResource: 'invoice' })
    expect(rejected(415)).toEqual(['retry'])
    for (const code of [430, 450, 777]) expect(rejected(code), `${code}`).toEqual([])
    expect(rejected(440, 'KSEF_DUPLICATE')).toEqual([])
    expect(actions('rejected', { code: 'KSEF_REJECTED' })).toEqual([])
  })
})
