/** What becomes of a sent invoice by what KSeF says of it. */

import { randomBytes } from 'node:crypto'
import { outcomeOf, type Submission, type SubmissionState } from '@ksef-fleet/core'
import {
  createKsefClient,
  encryptInvoice,
  FORMS,
  loadCertificate,
  newSessionKey,
  type Sealed,
} from '@ksef-fleet/ksef'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, driveTo } from './drive.ts'
import { answerWith, CLOSE, calm, LIST, ONE, SESSION, UPO_LINK } from './faults.ts'
import { checkLedger, postsOf } from './ledger-check.ts'

const DOCUMENT = 'GET /invoices/ksef/{ksefNumber}'

let fleet: DeliveryFleet
let worker: DeliveryWorker
let company: Connected

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterEach(() => calm(fleet))
afterAll(() => fleet.close())

/** A sent invoice whose verdict is still to come. */
async function sent(): Promise<Submission> {
  company = await fleet.company()
  const accepted = await fleet.accept(company.id, invoiceOf(company.nip, 'V/1'))
  await driveTo(fleet, worker, { submission: accepted, states: ['sent'], only: ['send-pending'] })
  return fleet.submission(accepted)
}

/** KSeF's next answers about the sent invoice, instead of its real ones. */
const say = (submission: Submission, status: object, more: { times?: number; body?: object } = {}) =>
  answerWith(fleet, ONE, {
    httpStatus: 200,
    times: more.times ?? 1,
    body: {
      referenceNumber: submission.referenceNumber,
      invoiceHash: submission.invoiceHash,
      status,
      ...more.body,
    },
  })

const end = (
  submission: Submission,
  states: readonly SubmissionState[] = ['receipted', 'rejected', 'held'],
) => driveTo(fleet, worker, { submission, states }).then(() => fleet.submission(submission))

const sessionOf = (submission: Submission) =>
  fleet.db.withCompany(submission.companyId, (tx) => tx.sessions.get(submission.sessionId!))

/** The same context through other software: what the fleet knows nothing of. */
async function sendElsewhere({ nip }: Connected, xml: Uint8Array): Promise<void> {
  const ksef = createKsefClient({ baseUrl: fleet.ksefUrl })
  const { certificatePem, privateKeyPem } = await sealOf(nip, 'Inny program')
  const certificate = loadCertificate({ certificatePem, privateKeyPem }, new Date())
  const signedIn = await ksef.signIn.withCertificate({ context: { type: 'Nip', value: nip }, certificate })
  if (!signedIn.ok) throw new Error(signedIn.failure.code)
  const token: Sealed<string> = signedIn.value.accessToken.token
  const key = newSessionKey(randomBytes)
  const session = await ksef.onlineSession.open(token, { formCode: FORMS['FA (3)'].code, key })
  if (!session.ok) throw new Error(session.failure.code)
  const done = await ksef.onlineSession.sendInvoice(
    token,
    session.value.referenceNumber,
    encryptInvoice(xml, key),
  )
  if (!done.ok) throw new Error(done.failure.code)
  await ksef.close()
}

describe('a duplicate (440)', () => {
  async function duplicate(elsewhere: (nip: string) => Uint8Array, spoil = async () => {}) {
    company = await fleet.company()
    await sendElsewhere(company, elsewhere(company.nip))
    await spoil()
    const accepted = await fleet.accept(company.id, invoiceOf(company.nip, 'D/1'))
    return end(accepted)
  }
  const original = () =>
    fleet.simulator.ledger.snapshot().accepted.find(({ sellerNip }) => sellerNip === company.nip)

  test('of the very same document is ours: registered under the original number, with its receipt', async () => {
    const submission = await duplicate((nip) => invoiceOf(nip, 'D/1'))
    const { ksefNumber } = original() ?? {}
    expect(submission).toMatchObject({ state: 'receipted', ksefNumber, invoicingMode: 'Online' })
    await checkLedger(fleet, company)
  })

  test('of the same document is recognised by its metadata when the session cannot be read', async () => {
    const submission = await duplicate(
      (nip) => invoiceOf(nip, 'D/1'),
      () =>
        answerWith(fleet, LIST, {
          httpStatus: 403,
          times: 2,
          body: { status: 403, reasonCode: 'insufficient-resource-access' },
        }),
    )
    const { ksefNumber } = original() ?? {}
    expect(submission).toMatchObject({ state: 'receipted', ksefNumber, invoicingMode: 'Online' })
  })

  test('of the same document that only the document itself shows has its mode from its receipt', async () => {
    const submission = await duplicate(
      (nip) => invoiceOf(nip, 'D/1'),
      async () => {
        const none = { hasMore: false, isTruncated: false, invoices: [] }
        await answerWith(fleet, LIST, { httpStatus: 403, times: 2, body: { status: 403 } })
        await answerWith(fleet, 'POST /invoices/query/metadata', { httpStatus: 200, times: 1, body: none })
      },
    )
    expect(submission).toMatchObject({ state: 'receipted', invoicingMode: 'Online' })
    const { rows } = await fleet.admin.query(
      `select type, data ->> 'invoicingMode' as mode from events where company_id = $1 and type like 'invoice.%' order by id`,
      [company.id],
    )
    expect(rows).toEqual([
      { type: 'invoice.registered', mode: null },
      { type: 'invoice.receipted', mode: 'Online' },
    ])
  })

  test('of another document is rejected, and names the original', async () => {
    const submission = await duplicate((nip) => invoiceOf(nip, 'D/1', '2222222222'))
    expect(submission).toMatchObject({
      state: 'rejected',
      ksefNumber: null,
      reason: { code: 'KSEF_DUPLICATE', ksefCode: 440, originalKsefNumber: original()?.ksefNumber },
    })
  })

  test('of another document is told by its metadata when the session cannot be read', async () => {
    const submission = await duplicate(
      (nip) => invoiceOf(nip, 'D/1', '2222222222'),
      () => answerWith(fleet, LIST, { httpStatus: 403, times: 2, body: { status: 403 } }),
    )
    expect(submission).toMatchObject({ state: 'rejected', reason: { code: 'KSEF_DUPLICATE' } })
  })

  test('of an original that KSeF does not show yet waits for it', async () => {
    const submission = await duplicate(
      (nip) => invoiceOf(nip, 'D/1'),
      async () => {
        const none = { hasMore: false, isTruncated: false, invoices: [] }
        const missing = {
          exceptionDetailList: [{ exceptionCode: 21164, exceptionDescription: 'Brak faktury' }],
        }
        await answerWith(fleet, LIST, { httpStatus: 403, times: 4, body: { status: 403 } })
        await answerWith(fleet, 'POST /invoices/query/metadata', { httpStatus: 200, times: 1, body: none })
        await answerWith(fleet, DOCUMENT, { httpStatus: 400, times: 1, body: { exception: missing } })
      },
    )
    expect(submission).toMatchObject({ state: 'receipted', ksefNumber: original()?.ksefNumber })
    const asked = fleet.simulator.ledger.calls().filter(({ operation }) => operation === DOCUMENT)
    expect(asked.map(({ httpStatus }) => httpStatus)).toContain(400)
  })

  test('that nobody can read is held for a person', async () => {
    const forbidden = { httpStatus: 403, times: 10, body: { status: 403, reasonCode: 'missing-permissions' } }
    const submission = await duplicate(
      (nip) => invoiceOf(nip, 'D/1'),
      async () => {
        await answerWith(fleet, LIST, forbidden)
        await answerWith(fleet, 'POST /invoices/query/metadata', forbidden)
        await answerWith(fleet, DOCUMENT, forbidden)
      },
    )
    expect(submission).toMatchObject({
      state: 'held',
      reason: { code: 'KSEF_DUPLICATE_UNVERIFIED', originalKsefNumber: original()?.ksefNumber },
    })
  })

  test('without extensions is looked for in the sessions of our own', async () => {
    const submission = await sent()
    await say(submission, { code: 440, description: 'Duplikat' })
    expect(await end(submission)).toMatchObject({ state: 'receipted' })
    await checkLedger(fleet, company)
  })

  test('whose examination KSeF fails to answer waits, and is not asked again before Retry-After', async () => {
    const submission = await sent()
    await say(submission, { code: 440, description: 'Duplikat' })
    await answerWith(fleet, LIST, { httpStatus: 429, headers: { 'retry-after': '1' }, body: {} })
    expect(await end(submission)).toMatchObject({ state: 'receipted' })
    const calls = fleet.simulator.ledger.calls()
    const refused = calls.findLastIndex(({ httpStatus }) => httpStatus === 429)
    const again = calls
      .slice(refused + 1)
      .filter((call) => call.operation === LIST && call.context?.value === company.nip)
    for (const { at } of again)
      expect(Date.parse(at) - Date.parse(calls[refused]!.at)).toBeGreaterThanOrEqual(1_000)
  })
})

describe('a verdict', () => {
  test.each([
    [450, 'rejected', 'KSEF_REJECTED'],
    [430, 'rejected', 'KSEF_REJECTED'],
    [410, 'held', 'KSEF_PERMISSION_MISSING'],
    [777, 'held', 'KSEF_UNKNOWN_ANSWER'],
  ])('%d leaves it %s', async (code, state, reason) => {
    const submission = await sent()
    await say(submission, { code, description: 'opis', details: ['szczegół'] })
    expect(await end(submission)).toMatchObject({
      state,
      reason: { code: reason, ksefCode: code, description: 'opis' },
    })
  })

  test.each([550, 435, 405])(
    '%d sends it again, in a new session, where KSeF says it knows it already',
    async (code) => {
      const submission = await sent()
      await say(submission, { code, description: 'Anulowana' })
      const ended = await end(submission)
      expect(ended).toMatchObject({ state: 'receipted', attempts: 2 })
      // KSeF had registered it all the same: the second is a duplicate of the first, and the number is the first one's.
      expect(ended.sessionId).toBe(submission.sessionId)
      const attempts = await fleet.db.withCompany(company.id, (tx) => tx.attempts.list(submission.id))
      expect(new Set(attempts.map(({ sessionId }) => sessionId)).size).toBe(2)
      await checkLedger(fleet, company)
    },
  )

  test('that is not there yet is told in KSeF’s words, and when it is late that it is late', async () => {
    const submission = await sent()
    const told = async () => outcomeOf(await fleet.submission(submission))
    expect(await told()).toMatchObject({ code: 'VERDICT_AWAITED', ksef: null })
    await say(submission, { code: 150, description: 'Trwa' }, { times: 9 })
    const until = (code: string) =>
      drive(fleet, [worker], {
        companies: [company.id],
        until: async () => (await told()).code === code,
      })
    await until('KSEF_PROCESSING')
    expect(await told()).toMatchObject({
      retry: 'automatic',
      ksef: { resource: 'invoice', code: 150 },
      reason: { description: 'Trwa' },
    })
    await until('KSEF_VERDICT_LATE')
    expect((await fleet.submission(submission)).attempts).toBe(1)
    expect(await end(submission)).toMatchObject({ state: 'receipted', reason: null })
  })

  test('of a number with a wrong checksum or another seller is never success', async () => {
    for (const ksefNumber of ['5265877635-20261122-0123456789AB-00', 'nonsense']) {
      const submission = await sent()
      await say(submission, { code: 200, description: 'Sukces' }, { body: { ksefNumber } })
      expect(await end(submission)).toMatchObject({
        state: 'held',
        ksefNumber: null,
        reason: { code: 'KSEF_UNKNOWN_ANSWER' },
      })
    }
  })

  test('that does not come is waited for and never sent again; in the end a person looks', async () => {
    const hasty = fleet.worker({ timing: { giveUpSeconds: 0.4 } })
    company = await fleet.company()
    const submission = await fleet.accept(company.id, invoiceOf(company.nip, 'V/1'))
    await driveTo(fleet, hasty, { submission, states: ['sent'], only: ['send-pending'] })
    await say(await fleet.submission(submission), { code: 150, description: 'Trwa' }, { times: 1_000 })
    await driveTo(fleet, hasty, { submission, states: ['held'] })
    expect(await fleet.submission(submission)).toMatchObject({
      // With the last that KSeF said of it, for whoever asks the Ministry.
      reason: { code: 'KSEF_UNSETTLED', ksefCode: 150, ksefResource: 'invoice', description: 'Trwa' },
      attempts: 1,
    })
    expect(await postsOf(fleet, company)).toEqual([1])
  })
})

describe('a session', () => {
  test('for which the public key was withdrawn meanwhile is opened with the new one', async () => {
    company = await fleet.company()
    const first = await fleet.accept(company.id, invoiceOf(company.nip, 'V/1'))
    const stale = fleet.worker()
    await stale.context.ksef.publicKeys.choose('SymmetricKeyEncryption')
    await fleet.control('POST', '/keys/rotate', { mode: 'emergency' })
    await drive(fleet, [stale], { companies: [company.id] })
    expect(await fleet.submission(first)).toMatchObject({ state: 'receipted' })
    await checkLedger(fleet, company)
  })

  test('that ends in 415 with silent invoices sends them again elsewhere', async () => {
    const submission = await sent()
    await say(submission, { code: 150, description: 'Trwa' }, { times: 9 })
    await answerWith(fleet, SESSION, {
      httpStatus: 200,
      body: { status: { code: 415, description: 'Błąd klucza' } },
    })
    const ended = await end(submission)
    expect(ended).toMatchObject({ state: 'receipted', attempts: 2 })
  })

  test('of a status nobody knows is not settled: a lost invoice is not sent again on its word', async () => {
    const submission = await sent()
    const session = await sessionOf(submission)
    const closer = fleet.worker({ timing: { sessionIdleSeconds: 0.001 } })
    await answerWith(fleet, SESSION, {
      httpStatus: 200,
      times: 3,
      body: { status: { code: 299, description: '?' } },
    })
    for (let step = 0; step < 4; step++) {
      await closer.run('finish-session', { companyId: company.id, sessionId: session!.id })
    }
    expect((await sessionOf(submission))?.state).toBe('closed')
    await end(submission)
  })

  test('is closed when idle, although the answer to the closing is lost, and its UPO is stored', async () => {
    const submission = await end(await sent())
    const closer = fleet.worker({ timing: { sessionIdleSeconds: 0.001 } })
    await answerWith(fleet, CLOSE, { httpStatus: 504, afterEffect: true, body: '<html>' })
    await drive(fleet, [closer], {
      companies: [company.id],
      until: async () => (await sessionOf(submission))?.state === 'settled',
    })
    const { rows } = await fleet.admin.query(
      `select hash from ksef_documents_raw where company_id = $1 and session_id = $2 and kind = 'session-upo'`,
      [company.id, submission.sessionId],
    )
    expect(rows).toHaveLength(1)
  })

  test('settles although its UPO cannot be fetched by the link', async () => {
    const submission = await end(await sent())
    const closer = fleet.worker({ timing: { sessionIdleSeconds: 0.001 } })
    await answerWith(fleet, UPO_LINK, { httpStatus: 403, times: 100_000, body: '' })
    await drive(fleet, [closer], {
      companies: [company.id],
      until: async () => (await sessionOf(submission))?.state === 'settled',
    })
  })
})

describe('a receipt', () => {
  test('whose link expired is fetched through the API', async () => {
    const submission = await sent()
    await answerWith(fleet, UPO_LINK, { httpStatus: 403, times: 100, body: '<?xml version="1.0"?><Error/>' })
    expect(await end(submission)).toMatchObject({ state: 'receipted' })
    await checkLedger(fleet, company)
  })

  test('of another invoice behind the link is not stored', async () => {
    const submission = await sent()
    await answerWith(fleet, UPO_LINK, {
      httpStatus: 200,
      body: '<Potwierdzenie><NumerKSeFDokumentu>1</NumerKSeFDokumentu></Potwierdzenie>',
    })
    expect(await end(submission)).toMatchObject({ state: 'receipted' })
    await checkLedger(fleet, company)
  })
})
