/**
 * That a worker lives, as PostgreSQL sees it: an advisory lock on a connection that ends with the process, so that what it had
 * claimed is free at once when it died, and what it was rung for is rung for again. A lock that is lost while its worker lives
 * frees its claims as well, which fences protect as they do from one that slept; one that outlives its worker leaves them to
 * their leases.
 */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SQL, sql } from 'drizzle-orm'
import pg from 'pg'
import { failureOf } from './failure.ts'

/** The first number of these locks; the second is the holder's. */
export const PRESENCE_LOCK = 7_234_005

const HOLDERS_MAX = 2 ** 31 - 1
const CONNECT_MS_MAX = 5_000
const AGAIN_MS = 250
const GOODBYE_MS_MAX = 1_000
/** A machine that is gone, with nobody to close its connections, is noticed after some twenty seconds. */
const OPTIONS = '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'

export type Presence = {
  /** Random, and this process's for as long as it lives. */
  readonly holder: number
  /** Resolves when the lock is held. @throws DatabaseFailure when it could not be taken */
  held(): Promise<void>
  close(): Promise<void>
}

const ARRIVAL = `
  with forgotten as (
    delete from worker_presences
     where not is_present and coalesce(gone_at, '-infinity') < now() - interval '1 day' and holder <> $1
  )
  insert into worker_presences (holder, is_present) values ($1, true)
      on conflict (holder) do update set is_present = true`

const GOODBYE = 'update worker_presences set is_present = false where holder = $1'

/** @param url login as `fleet_system` */
export function holdPresence(url: string): Presence {
  const holder = randomInt(1, HOLDERS_MAX)
  const end = new AbortController()
  let trying = unheard()
  const holding = (async () => {
    while (!end.signal.aborted) {
      const { reject, resolve } = trying
      const lost = await holdOnce(url, { holder, signal: end.signal, onHeld: resolve }).catch(
        (error) => error,
      )
      trying = unheard()
      // Changes nothing where it was held.
      reject(failureOf(lost, 'working'))
      await sleep(AGAIN_MS, undefined, { signal: end.signal }).catch(() => undefined)
    }
  })()
  return {
    holder,
    held: () => trying.promise,
    async close() {
      end.abort()
      await holding
    },
  }
}

/** A promise whose failure nobody needs to hear. */
function unheard() {
  const promise = Promise.withResolvers<void>()
  promise.promise.catch(() => undefined)
  return promise
}

async function holdOnce(
  url: string,
  { holder, signal, onHeld }: { holder: number; signal: AbortSignal; onHeld: () => void },
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'ksef-fleet presence',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    options: OPTIONS,
  })
  const gone = new Promise<void>((resolve) => client.once('end', resolve))
  client.on('error', () => undefined)
  // Whatever it waits for: a lock that a connection of its own before still holds, too.
  let isHeld = false
  const leave = async () => {
    // Who leaves in order is not found gone.
    if (isHeld)
      await Promise.race([
        client.query(GOODBYE, [holder]).catch(() => undefined),
        sleep(GOODBYE_MS_MAX, undefined, { ref: false }),
      ])
    await client.end().catch(() => undefined)
  }
  signal.addEventListener('abort', leave)
  try {
    await client.connect()
    await client.query('select pg_advisory_lock($1, $2)', [PRESENCE_LOCK, holder])
    // After the lock: who stands there without one is found gone.
    await client.query(ARRIVAL, [holder])
    isHeld = true
    onHeld()
    await gone
  } finally {
    signal.removeEventListener('abort', leave)
    await client.end().catch(() => undefined)
  }
}

/** The setting by which the statements of a pool know who claims. */
export const holderOption = (holder: number): string => `-c fleet.holder=${holder}`

/** Whoever runs the statement; null where nobody says so. */
export const presentHolder: SQL<number | null> = sql<
  number | null
>`nullif(current_setting('fleet.holder', true), '')::integer`
