/**
 * An invoice that is accepted on the day of its P_1 and reaches KSeF after it. KSeF registers it, as an offline one; the fleet
 * keeps and tells that, and sends nothing again.
 */
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drive } from '../delivery/drive.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import { type ApiInFront, apiInFrontOf } from '../tenancy/api-in-front.ts'
import { midnightAfter, type OfflineFleet, startOfflineFleet, warsawDayOf } from './offline-fleet.ts'

let fleet: OfflineFleet
let api: ApiInFront
beforeAll(async () => {
  fleet = await startOfflineFleet()
  api = await apiInFrontOf(fleet, 'test', { change: { now: fleet.now } })
}, 60_000)
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
  await fleet?.close()
})

const ROUNDS = ['single', 'batch'] as const

test.each(ROUNDS)(
  'accepted ten seconds before midnight and sent ten seconds after it, it is marked offline and says so: %s',
  async (way) => {
    const company = await fleet.company()
    const { id, nip } = company
    const day = fleet.days[ROUNDS.indexOf(way)] ?? ''
    const midnight = midnightAfter(day).getTime()
    const place = `/v1/companies/${id}/invoices`
    const post = async (number: string, query = '') => {
      const xml = sampleInvoice({
        form: 'FA (3)',
        ...{ sellerNip: nip, buyerNip: '1111111111', number, issueDate: day },
      })
      const posted = await api.postXml(`${place}${query}`, xml)
      expect(posted.status, posted.text).toBe(202)
      expect(posted.body).toMatchObject({ state: 'pending', offlineMode: null, invoicingMode: null })
      return `${place}/${posted.body.id}`
    }
    const deliver = () => drive(fleet, [fleet.driver], { companies: [id], until: () => fleet.isThrough(id) })
    const read = async (at: string) => (await api.call(at)).body
    const query = way === 'batch' ? '?delivery=batch' : ''

    await fleet.moveTo(new Date(midnight - 600_000))
    const early = await post('EARLY/1')
    await deliver()
    await fleet.moveTo(new Date(midnight - 10_000))
    const late = [await post('LATE/1', query), await post('LATE/2', query)]
    expect(warsawDayOf(fleet.now())).toBe(day)
    const declared = await api.postXml(
      `${place}?offlineMode=offline24`,
      sampleInvoice({
        form: 'FA (3)',
        ...{ sellerNip: nip, buyerNip: '1111111111', number: 'OFF/1', issueDate: day },
      }),
    )
    await fleet.moveTo(new Date(midnight + 10_000))
    await deliver()

    expect(await read(early)).toMatchObject({
      ...{ state: 'receipted', invoicingMode: 'Online', outcome: { code: 'RECEIPTED', actor: 'nobody' } },
    })
    for (const at of late) {
      const outcome = { code: 'RECEIPTED_AS_OFFLINE', actor: 'company', retry: 'no' }
      expect(await read(at)).toMatchObject({
        ...{ state: 'receipted', issueDate: day, offlineMode: null, invoicingMode: 'Offline', outcome },
        ...{ attempts: 1, actions: [] },
      })
      // KOD II is for it too: what it lacks is a certificate.
      expect((await api.call(`${at}/qr?code=2`)).body.code).toBe('QR_CERTIFICATE_MISSING')
    }
    expect(await read(`${place}/${declared.body.id}`)).toMatchObject({
      ...{ offlineMode: 'offline24', invoicingMode: 'Offline', outcome: { code: 'RECEIPTED' } },
    })
    const told = new Map(
      (await fleet.events(id))
        .filter(({ type }) => type === 'invoice.registered')
        .map(({ data }) => [data.number, [data.invoicingMode, data.offlineMode]]),
    )
    expect(Object.fromEntries(told)).toEqual({
      'EARLY/1': ['Online', null],
      'LATE/1': ['Offline', null],
      'LATE/2': ['Offline', null],
      'OFF/1': ['Offline', 'offline24'],
    })
    const { rows: sessions } = await fleet.admin.query<{ kind: string }>(
      'select distinct kind from sessions where company_id = $1 order by kind',
      [id],
    )
    expect(sessions.map(({ kind }) => kind)).toEqual(way === 'batch' ? ['batch', 'online'] : ['online'])
    expect(new Set(await postsOf(fleet, company))).toEqual(new Set([1]))
    await checkLedger(fleet, company)
  },
  120_000,
)
