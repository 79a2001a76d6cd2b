/**
 * KSeF cannot be reached for two days. 300 invoices are issued meanwhile, by the fleet's own choice and by their callers', among
 * them corrections of others. When it is back, all are delivered in order, none twice, and those that were late were alarmed
 * before.
 */
import { deadlineOf } from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drive, turn } from '../delivery/drive.ts'
import { checkLedger } from '../delivery/ledger-check.ts'
import { noonOf, type OfflineFleet, startOfflineFleet } from './offline-fleet.ts'

let fleet: OfflineFleet
beforeAll(async () => {
  fleet = await startOfflineFleet()
}, 60_000)
afterAll(() => fleet?.close())

const BUYER = '1111111111'

const invoice = (sellerNip: string, number: string, issueDate: string): Uint8Array =>
  sampleInvoice({ form: 'FA (3)', sellerNip, buyerNip: BUYER, number, issueDate })

/** A correction that names its original by number: it was issued before that one had a KSeF number. */
function correction(
  sellerNip: string,
  number: string,
  of: { number: string; issueDate: string },
): Uint8Array {
  const named =
    `<RodzajFaktury>KOR</RodzajFaktury><DaneFaKorygowanej><DataWystFaKorygowanej>${of.issueDate}</DataWystFaKorygowanej>` +
    `<NrFaKorygowanej>${of.number}</NrFaKorygowanej><NrKSeFN>1</NrKSeFN></DaneFaKorygowanej>`
  const xml = Buffer.from(invoice(sellerNip, number, of.issueDate)).toString()
  return Buffer.from(xml.replace('<RodzajFaktury>VAT</RodzajFaktury>', named))
}

function deadlineFor(issuedOn: string): { day: string; at: Date } {
  const deadline = deadlineOf({ mode: 'offline24', issuedOn, outages: [] })
  if (deadline.kind !== 'by') throw new Error('offline24 has a deadline')
  return deadline
}

const SINGLES = 120
const CORRECTIONS = 30

test('300 invoices issued offline over two days arrive in order and once, the late ones alarmed before', async () => {
  const [first, second, third] = fleet.days as [string, string, string, string]
  const company = await fleet.company()
  const { id, nip } = company

  // The line breaks; the first invoices find out, and the fleet's own error rate and probes agree.
  fleet.cut()
  const early = await fleet.issue(id, invoice(nip, 'ONLINE/1', first))
  expect(early).toMatchObject({ offlineMode: null, deadline: null })
  await expect
    .poll(
      async () => {
        await turn(fleet, [fleet.driver], { companies: [id] })
        return (await fleet.look())?.availability
      },
      { timeout: 60_000, interval: 50 },
    )
    .toEqual({ state: 'offline', mode: 'offline24' })

  /** A day's invoices: by policy, by the caller's word, and corrections of the day's own and of earlier ones. */
  const issue = async (day: string, of: (n: number) => string) => {
    for (let n = 1; n <= SINGLES; n++) {
      const issued = await fleet.issue(id, invoice(nip, of(n), day), n % 3 === 0 ? 'offline24' : undefined)
      expect(issued).toMatchObject({
        offlineMode: 'offline24',
        offlineChoice: n % 3 === 0 ? 'caller' : 'policy',
        deadline: deadlineFor(day).day,
        state: 'pending',
      })
    }
    for (let n = 1; n <= CORRECTIONS; n++) {
      const original = { number: of(n), issueDate: day }
      const corrected = await fleet.issue(id, correction(nip, `K/${of(n)}`, original))
      expect(corrected.reason).toEqual({ code: 'ORIGINAL_AWAITED' })
      expect(corrected.waitsFor).toHaveLength(1)
    }
  }
  await issue(first, (n) => `A/${n}`)
  // Nothing leaves and nothing is tried: rows wait.
  await turn(fleet, [fleet.driver], { companies: [id] })
  const calls = fleet.simulator.ledger.calls().length
  await turn(fleet, [fleet.driver], { companies: [id] })
  expect(fleet.simulator.ledger.calls().length).toBe(calls)

  await fleet.moveTo(noonOf(second))
  await fleet.look()
  await issue(second, (n) => `B/${n}`)

  // The first day's must be there by the end of the second. Alarms go off in stages, each once, before it is over.
  const watch = () => fleet.driver.run('watch-deadlines', { companyId: id })
  const told = async (type: string) => (await fleet.events(id)).filter((event) => event.type === type)
  const { at: endsAt } = deadlineFor(first)
  for (const hours of [12, 3, 0.5]) {
    await fleet.moveTo(new Date(endsAt.getTime() - hours * 3_600_000))
    await watch()
    await watch()
  }
  const near = await told('invoice.deadline')
  const firstDays = (
    await fleet.admin.query<{ id: string; number: string }>(
      `select id, number from submissions where company_id = $1 and issue_date = $2 and offline_mode is not null`,
      [id, first],
    )
  ).rows
  expect(firstDays).toHaveLength(SINGLES + CORRECTIONS)
  for (const { id: subject } of firstDays) {
    const stages = near.filter((event) => event.subject === subject).map(({ data }) => data.stage)
    expect(new Set(stages).size, subject).toBe(stages.length)
    expect(stages.slice(-2), subject).toEqual(['near', 'last'])
  }
  expect(await told('invoice.late')).toEqual([])

  // The third day: too late for the first day's, in time for the second's.
  await fleet.moveTo(noonOf(third))
  await watch()
  await watch()
  const late = (await told('invoice.late')).map(({ subject }) => subject)
  expect(new Set(late)).toEqual(new Set(firstDays.map((row) => row.id)))
  expect(late).toHaveLength(firstDays.length)

  // Back again: seen by probes in a row, then everything goes.
  fleet.mend()
  const states: string[] = []
  for (let looks = 0; looks < 4; looks++) states.push((await fleet.look())?.availability.state ?? '')
  expect(states[0]).toBe('offline')
  expect(states.at(-1)).not.toBe('offline')
  await drive(fleet, [fleet.driver], { companies: [id], withinMs: 120_000, until: () => fleet.isThrough(id) })

  const { rows } = await fleet.admin.query<{
    id: string
    number: string
    kind: string
    state: string
    deadline: string | null
    hash: string
  }>(
    'select id, number, kind, state, deadline::text, invoice_hash as hash from submissions where company_id = $1',
    [id],
  )
  expect(rows).toHaveLength(2 * (SINGLES + CORRECTIONS) + 1)
  expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['receipted']))
  await checkLedger(fleet, company)
  const { accepted, postsByHash } = fleet.simulator.ledger.snapshot()
  for (const { number, hash } of rows) {
    expect(postsByHash[hash], number).toBe(1)
    expect(
      accepted.filter(({ invoiceHash }) => invoiceHash === hash),
      number,
    ).toHaveLength(1)
  }

  // All but those that were alarmed are there within their deadline.
  const place = new Map(accepted.map(({ invoiceNumber }, at) => [invoiceNumber, at]))
  const placeOf = (number: string): number => place.get(number) ?? Number.NaN
  const receivedDay = (number: string): string => accepted[placeOf(number)]?.receivedAt.slice(0, 10) ?? ''
  for (const { number, deadline, id: subject } of rows.filter((row) => row.deadline !== null))
    expect(receivedDay(number) <= (deadline ?? '') || late.includes(subject), number).toBe(true)

  // A correction after its original, and the first day's before the second's.
  for (const of of ['A', 'B'])
    for (let n = 1; n <= CORRECTIONS; n++)
      expect(placeOf(`K/${of}/${n}`), `K/${of}/${n}`).toBeGreaterThan(placeOf(`${of}/${n}`))
  const places = (of: string) => Array.from({ length: SINGLES }, (_, n) => placeOf(`${of}/${n + 1}`))
  expect(Math.max(...places('A'))).toBeLessThan(Math.min(...places('B')))
}, 240_000)
