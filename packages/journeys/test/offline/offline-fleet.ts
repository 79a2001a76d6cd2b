/**
 * A fleet whose story lies some days back, so that KSeF's clock and the workers' may be moved on while every timer of the database
 * is over already; and a line to KSeF that may be cut.
 */
import {
  acceptInvoice,
  accepting,
  type CompanyId,
  type OfflineMode,
  type Submission,
  type SuppliedCredential,
  watchAvailability,
} from '@ksef-fleet/core'
import { createSelfSignedCertificate, inspectInvoice, isBusinessDay, Sealed } from '@ksef-fleet/ksef'
import { probeKsef } from '@ksef-fleet/worker/availability'
import { redirectedLine } from '../../src/fleet/redirected-line.ts'
import { startDeliveryFleet } from '../delivery/delivery-fleet.ts'

const DAY_MS = 86_400_000

/** Valid through the whole story and today. */
async function lastingSeal(nip: string): Promise<SuppliedCredential> {
  const { certificatePem, privateKeyPem } = await createSelfSignedCertificate({
    nip,
    name: `Firma ${nip}`,
    algorithm: 'ecdsa-p256',
    notBefore: new Date(Date.now() - 60 * DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
  })
  return { type: 'certificate', certificatePem, privateKeyPem: new Sealed(privateKeyPem) }
}

export const warsawDayOf = (at: Date): string => at.toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })

/** Noon in Warsaw or an hour off it: far from midnight whatever the season. */
export const noonOf = (day: string): Date => new Date(`${day}T11:00:00Z`)

/** The moment that day ends in Warsaw: looked for, since it may be at 22:00 or at 23:00 UTC. */
export function midnightAfter(day: string): Date {
  const [summer, winter] = ['22', '23'].map((hour) => new Date(`${day}T${hour}:00:00Z`)) as [Date, Date]
  return warsawDayOf(summer) === day ? winter : summer
}

/** Some business days in a row, the last of them over for some days. */
function businessDays(count: number): string[] {
  const days: string[] = []
  for (let back = 3; days.length < count; back++) {
    const day = warsawDayOf(new Date(Date.now() - back * DAY_MS))
    if (isBusinessDay(day)) days.unshift(day)
    else if (days.length > 0) days.length = 0
  }
  return days
}

export async function startOfflineFleet() {
  const days = businessDays(4)
  const [first = ''] = days
  let offsetMs = noonOf(first).getTime() - Date.now()
  const now = () => new Date(Date.now() + offsetMs)
  const fleet = await startDeliveryFleet({}, {}, { now })
  const line = await redirectedLine(fleet.simulator.url)
  const driver = fleet.worker({ ksefUrl: line.url, now, settings: { KSEF_DEADLINE_SECONDS: '5' } })
  const { origin } = new URL(fleet.simulator.url)

  /** Clocks only go on. */
  const moveTo = async (at: Date): Promise<void> => {
    offsetMs = at.getTime() - Date.now()
    await fleet.control('POST', '/clock', { offsetMs })
  }
  await moveTo(noonOf(first))
  return {
    ...fleet,
    days,
    now,
    driver,
    moveTo,
    company: () => fleet.company(lastingSeal),
    /** KSeF answers nobody, or answers again. */
    cut: () => line.redirect(null),
    mend: () => line.redirect(origin),
    /** Looks at KSeF's availability as the real worker's loop does, now. */
    async look() {
      await fleet.admin.query(
        `update ksef_availability set next_look_at = 'epoch' where environment = 'test'`,
      )
      const { db, environment, log } = driver.context
      return watchAvailability({
        ...{ db, environment, log, now, lighthouse: null },
        takeCalls: () => driver.context.calls.take(),
        probe: () => probeKsef(driver.context.ksef),
        timing: { lookSeconds: 15, probeSeconds: 0 },
      })
    },
    /** Accepts an invoice as the API does. */
    async issue(companyId: CompanyId, xml: Uint8Array, offlineMode?: OfflineMode): Promise<Submission> {
      const inspect = async (bytes: Uint8Array) => inspectInvoice(bytes, { now: now(), environment: 'test' })
      const wanted = offlineMode === undefined ? {} : { offlineMode }
      const deps = { accept: accepting(driver.context), inspect }
      return (await acceptInvoice(deps, { companyId, xml, ...wanted })).submission
    },
    /** Whether all have come to their end. What the database's clock sets to be due now would be due in days for the story. */
    async isThrough(companyId: CompanyId): Promise<boolean> {
      for (const [table, timer] of [
        ['submissions', 'next_attempt_at'],
        ['submissions', 'next_poll_at'],
        ['sessions', 'next_poll_at'],
      ])
        await fleet.admin.query(`update ${table} set ${timer} = $2 where company_id = $1 and ${timer} > $2`, [
          companyId,
          now(),
        ])
      await fleet.admin.query('update ksef_integrations set blocked_until = null where company_id = $1', [
        companyId,
      ])
      const { rows } = await fleet.admin.query<{ waiting: number }>(
        `select count(*)::int as waiting from submissions where company_id = $1 and state not in ('receipted', 'rejected', 'held')`,
        [companyId],
      )
      return rows[0]?.waiting === 0
    },
    async events(
      companyId: CompanyId,
    ): Promise<{ type: string; subject: string; data: Record<string, unknown> }[]> {
      const { rows } = await fleet.admin.query(
        'select type, subject, data from events where company_id = $1 order by id',
        [companyId],
      )
      return rows
    },
    async close() {
      await line[Symbol.asyncDispose]()
      await fleet.close()
    },
  }
}

export type OfflineFleet = Awaited<ReturnType<typeof startOfflineFleet>>
