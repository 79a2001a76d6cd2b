/** A door to the database whose process dies at a chosen call: before it began, or after it committed. */
import type { FleetDatabase } from '@ksef-fleet/core'

export class Killed extends Error {}

export type Death = { atCall: number; when: 'before' | 'after' }

export type MortalDatabase = FleetDatabase & {
  /** Calls of `withCompany` and `readCompany` so far. */
  readonly calls: number
  readonly dead: boolean
}

/** Nothing gets through any more once the process is dead, not even what was already under way elsewhere. */
export function mortalDatabase(db: FleetDatabase, death: Death): MortalDatabase {
  let calls = 0
  let dead = false
  const die = (): never => {
    dead = true
    throw new Killed('the process was killed')
  }
  const mortally = async <T>(call: () => Promise<T>): Promise<T> => {
    if (dead) die()
    calls++
    const last = calls === death.atCall
    if (last && death.when === 'before') die()
    const result = await call()
    if (last) die()
    return result
  }
  return {
    get calls() {
      return calls
    },
    get dead() {
      return dead
    },
    withCompany: (companyId, work) => mortally(() => db.withCompany(companyId, work)),
    readCompany: (companyId, work) => mortally(() => db.readCompany(companyId, work)),
    asSystem: (reason, work) => (dead ? die() : db.asSystem(reason, work)),
  }
}

/** A door before whose n-th call the worker falls asleep until it is woken. */
export function sleepyDatabase(
  db: FleetDatabase,
  { atCall, until }: { atCall: number; until: Promise<void> },
): FleetDatabase {
  let calls = 0
  const sleepily = async <T>(call: () => Promise<T>): Promise<T> => {
    if (++calls === atCall) await until
    return call()
  }
  return {
    withCompany: (companyId, work) => sleepily(() => db.withCompany(companyId, work)),
    readCompany: (companyId, work) => sleepily(() => db.readCompany(companyId, work)),
    asSystem: (reason, work) => db.asSystem(reason, work),
  }
}
