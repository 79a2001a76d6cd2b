/** A fleet whose workers are processes and die by SIGKILL, and everything that is asked of it once it has come to rest. */
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Delivery } from '@ksef-fleet/core'
import { sha256Base64 } from '@ksef-fleet/ksef'
import { gather, readDeaths } from '../../src/chaos/checks/evidence.ts'
import { judge, type Verdict } from '../../src/chaos/checks/verdict.ts'
import { bundleWorker } from '../../src/chaos/process/bundle.ts'
import type { Death } from '../../src/chaos/process/fate.ts'
import type { Load } from '../../src/chaos/process/load.ts'
import { endOf, hasEnded, order, spawnWorker } from '../../src/chaos/process/mortal-worker.ts'
import { inheritedSettings } from '../../src/fleet/fleet-process.ts'
import {
  type Connected,
  type DeliveryFleet,
  invoiceOf,
  startDeliveryFleet,
} from '../delivery/delivery-fleet.ts'

/** The waits of a fleet, shortened by nothing but settings. A claim outlives the deadline of its POST, as it must. */
const SETTINGS = {
  KSEF_DEADLINE_SECONDS: '1',
  CLAIM_LEASE_SECONDS: '3.2',
  PACKAGE_LEASE_SECONDS: '1.5',
  SEARCH_SECONDS: '0.1,0.2',
  POLL_SECONDS: '0.1,0.15,0.3,0.5',
  RETRY_SECONDS: '0.2,0.4,0.8',
  SWEEP_PAUSE_SECONDS: '0.15',
  RELAY_PAUSE_SECONDS: '0.05',
  SESSION_IDLE_SECONDS: '0.8',
  JOB_LOCK_SECONDS: '1',
  DATABASE_POOL_SIZE: '6',
  HEALTH_PORT: '0',
}

const LOOK_MS = 50
const COMPANIES_AT_ONCE = 4

export const NOTHING_BROKEN: Verdict = {
  lost: [],
  duplicates: [],
  falseFailures: [],
  needlessResends: [],
  crossings: [],
  unannounced: [],
  illegal: [],
  untold: [],
  ownRateLimits: 0,
}

export type MortalWorker = {
  child: ChildProcess
  /** What it has logged so far. */
  told(): string
  /** Lives under that fate: dies when it comes to the moment, or never when there is none. */
  begin(moment: string | null): void
}

export type MortalFleet = AsyncDisposable & {
  fleet: DeliveryFleet
  /** Its workers' settings. */
  env: Record<string, string>
  deathsFile: string
  /** Loads its code and waits to begin. */
  worker(): MortalWorker
  endWorkers(): Promise<void>
  companies(count: number): Promise<Connected[]>
  /** Accepts so many invoices of the company, which from then on must not be lost. */
  feed(company: Connected, count: number, delivery: Delivery): Promise<void>
  deaths(): Death[]
  /** Until every invoice and every session has come to its end. */
  atRest(withinMs?: number): Promise<void>
  verdict(): Promise<Verdict>
  /** How often KSeF took the bytes of each accepted invoice: the numbers that occur. A session that was closing took none. */
  taken(): number[]
}

export async function startMortalFleet(
  settings: Record<string, string> = {},
  simulator: Parameters<typeof startDeliveryFleet>[0] = {},
): Promise<MortalFleet> {
  await using started = new AsyncDisposableStack()
  const fleet = started.adopt(await startDeliveryFleet(simulator), (one) => one.close())
  const { entry } = started.use(await bundleWorker())
  const directory = mkdtempSync(join(tmpdir(), 'deaths-'))
  started.defer(() => rmSync(directory, { recursive: true, force: true }))
  const deathsFile = join(directory, 'deaths.jsonl')
  const children = new Set<ChildProcess>()
  const endWorkers = async () => void (await Promise.all([...children].map(endOf)))
  started.defer(endWorkers)
  let numbers = 0
  const load: Load = { acknowledged: [], splitKeys: [], refused: [] }
  const env = { ...inheritedSettings(), ...settingsOf(fleet, directory), ...SETTINGS, ...settings }
  const held = started.move()

  return {
    fleet,
    env,
    deathsFile,
    worker() {
      const logFile = join(directory, `worker-${children.size + 1}.log`)
      const child = spawnWorker({ entry, env, logFile, deathsFile })
      children.add(child)
      return {
        child,
        told: () => readFileSync(logFile, 'utf8'),
        begin: (moment) =>
          order(child, {
            begin: { slot: 0, life: children.size, moment, passings: 1, patience: null },
          }),
      }
    },
    endWorkers,
    async companies(count) {
      const made: Connected[] = []
      let begun = 0
      const lane = async () => {
        while (begun++ < count) made.push(await fleet.company())
      }
      await Promise.all(Array.from({ length: COMPANIES_AT_ONCE }, lane))
      return made
    },
    async feed({ id: companyId, nip }, count, delivery) {
      for (let made = 0; made < count; made++) {
        const xml = invoiceOf(nip, `D/${++numbers}`)
        const { id, number: named } = await fleet.accept(companyId, xml, delivery)
        const hash = sha256Base64(xml)
        load.acknowledged.push({ submissionId: id, companyId, nip, number: named, hash, isTaken: false })
      }
    },
    deaths: () => readDeaths(deathsFile),
    atRest: (withinMs = 40_000) => atRest(fleet, withinMs),
    async verdict() {
      const simulatorUrl = new URL(fleet.simulator.url).origin
      return judge(await gather({ simulatorUrl, adminUrl: fleet.database.adminUrl, deathsFile }, load))
    },
    taken() {
      const byHash = Map.groupBy(fleet.simulator.ledger.snapshot().decisions, (one) => one.invoiceHash)
      return [...new Set(load.acknowledged.map(({ hash }) => byHash.get(hash)?.length ?? 0))].sort()
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

function settingsOf(fleet: DeliveryFleet, directory: string): Record<string, string> {
  const spool = join(directory, 'spool')
  mkdirSync(spool)
  return {
    DATABASE_APP_URL: fleet.database.appUrl,
    DATABASE_SYSTEM_URL: fleet.database.systemUrl,
    REDIS_URL: process.env.FLEET_TEST_REDIS_URL ?? '',
    KSEF_ENVIRONMENT: 'test',
    KSEF_BASE_URL: fleet.ksefUrl,
    MASTER_KEY: fleet.masterKey.toString('base64'),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: fleet.directory,
    SPOOL_DIRECTORY: spool,
  }
}

/** Resolves once the worker has logged the event. @throws Error with what it was about when it did not within the time */
export async function hasTold({ told }: MortalWorker, event: string, withinMs = 20_000): Promise<void> {
  const until = Date.now() + withinMs
  while (!told().includes(`"${event}"`)) {
    if (Date.now() > until) throw new Error(`never told ${event}:\n${told().slice(-3_000)}`)
    await sleep(LOOK_MS / 5)
  }
}

/** Resolves once the worker has died. @throws Error with what it was about when it did not within the time */
export async function died({ child, told }: MortalWorker, at: string, withinMs = 20_000): Promise<void> {
  const until = Date.now() + withinMs
  while (!hasEnded(child)) {
    if (Date.now() > until) throw new Error(`never came to "${at}":\n${told().slice(-3_000)}`)
    await sleep(LOOK_MS / 5)
  }
  if (child.signalCode !== 'SIGKILL')
    throw new Error(`ended by itself before "${at}":\n${told().slice(-3_000)}`)
}

async function atRest({ admin }: DeliveryFleet, withinMs: number): Promise<void> {
  const until = Date.now() + withinMs
  const open = async () =>
    (
      await admin.query<{ what: string }>(
        `select 'invoice ' || state || ' ' || id as what from submissions where state <> 'receipted'
         union all
         select 'session ' || state || ' ' || id from sessions where state not in ('settled', 'abandoned')`,
      )
    ).rows
  for (let rows = await open(); rows.length > 0; rows = await open()) {
    if (Date.now() > until) throw new Error(`not at rest: ${JSON.stringify(rows.slice(0, 10))}`)
    await sleep(LOOK_MS * 2)
  }
}
