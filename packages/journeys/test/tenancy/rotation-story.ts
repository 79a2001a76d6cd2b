/** What the stories of rotations share: time passes, rings are answered, and a rotation is at its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CompanyId, Credential, CredentialVersion } from '@ksef-fleet/core'
import type { DeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { turn } from '../delivery/drive.ts'

export const ROTATION = ['advance-credential', 'notify-expiry'] as const
export const DELIVERY = [
  'send-pending',
  'poll-session',
  'store-upo',
  'finish-session',
  'verify-integration',
] as const

/** What comes due meanwhile is swept in one go. */
const PAUSE_MS = 40

/** Turns the wheel until `done`: rotations are for some workers, deliveries for another, both at once. */
export async function spin(
  fleet: DeliveryFleet,
  story: {
    companies: readonly CompanyId[]
    rotating: Parameters<typeof turn>[1]
    delivering: readonly DeliveryWorker[]
    done: () => Promise<boolean>
    withinMs?: number
  },
): Promise<void> {
  const { companies, rotating, delivering } = story
  const deadline = Date.now() + (story.withinMs ?? 120_000)
  while (!(await story.done())) {
    if (Date.now() > deadline) throw new Error(`not done in time: ${await stuck(fleet, companies)}`)
    await forgetVersionRings(fleet, companies)
    const turns = [
      turn(fleet, rotating, { companies, only: ROTATION }),
      turn(fleet, delivering, { companies, only: DELIVERY }),
    ]
    await Promise.all(turns)
    await sleep(PAUSE_MS)
  }
}

/** As if the ten seconds had passed in which the sweeper does not ring twice for one thing. */
async function forgetVersionRings({ admin }: DeliveryFleet, companies: readonly CompanyId[]): Promise<void> {
  await admin.query(
    `update ksef_credential_versions set step_rung_at = null, notice_rung_at = null
      where (credential_id, number) in (select credential_id, number from ksef_credential_versions
        where company_id = any($1) and (step_rung_at is not null or notice_rung_at is not null)
          for update skip locked)`,
    [companies],
  )
}

/** The leases of steps have run out: whoever held them is dead to the fleet. */
export async function endStepLeases(
  { admin }: DeliveryFleet,
  companies: readonly CompanyId[],
): Promise<void> {
  await admin.query(
    `update ksef_credential_versions set next_step_at = now()
      where company_id = any($1) and next_step_at > now() and state not in ('active', 'erased')`,
    [companies],
  )
}

/** Versions of these companies by `<state of version 1> <state of version 2> …`, how many credentials stand so. */
export async function versionStates(
  { admin }: DeliveryFleet,
  companies: readonly CompanyId[],
): Promise<Map<string, number>> {
  const { rows } = await admin.query<{ states: string; count: number }>(
    `select states, count(*)::int as count from (
       select string_agg(state, ' ' order by number) as states from ksef_credential_versions
        where company_id = any($1) group by credential_id) as ways
      group by states`,
    [companies],
  )
  return new Map(rows.map(({ states, count }) => [states, count]))
}

/** How many submissions of these companies have no receipt. */
export async function unreceipted(
  { admin }: DeliveryFleet,
  companies: readonly CompanyId[],
): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    `select count(*)::int as count from submissions where company_id = any($1) and state <> 'receipted'`,
    [companies],
  )
  return rows[0]?.count ?? 0
}

export async function versionsOf(
  { db }: DeliveryFleet,
  companyId: CompanyId,
): Promise<{ credential: Credential; versions: CredentialVersion[] }> {
  return db.withCompany(companyId, async (tx) => {
    const [credential] = await tx.credentials.list()
    if (credential === undefined) throw new Error('the company has no credential')
    return { credential, versions: await tx.credentials.versions(credential.id) }
  })
}

async function stuck({ admin }: DeliveryFleet, companies: readonly CompanyId[]): Promise<string> {
  const versions = await admin.query(
    `select number, state, origin, tries, failure, next_step_at, reference_number from ksef_credential_versions
      where company_id = any($1) and state not in ('active', 'erased') limit 4`,
    [companies],
  )
  const sessions = await admin.query(
    `select state, credential_version, polls, next_poll_at from sessions
      where company_id = any($1) and state not in ('settled', 'abandoned') limit 4`,
    [companies],
  )
  const submissions = await admin.query(
    `select state, reason, attempts from submissions where company_id = any($1) and state <> 'receipted' limit 4`,
    [companies],
  )
  const integrations = await admin.query(
    `select state, failure from ksef_integrations where company_id = any($1) and state <> 'active' limit 4`,
    [companies],
  )
  return JSON.stringify({
    versions: versions.rows,
    sessions: sessions.rows,
    submissions: submissions.rows,
    integrations: integrations.rows,
  })
}
