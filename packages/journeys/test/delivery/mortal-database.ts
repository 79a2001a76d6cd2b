/** A door to the database whose process dies at a chosen call: before it began, or after it committed. */
import type { FleetDatabase } from '@ksef-fleet/core'

export class Killed extends Error {}

export type Death = { atCall: number; when: 'before' | 'after' }

export type MortalDatabase = FleetDatabase & {
  /** Calls of `withCompany` so far. */
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
  return {
    get calls() {
      return calls
    },
    get dead() {
      return dead
    },
    async withCompany(companyId, work) {
      if (dead) die()
      calls++
      const last = calls === death.atCall
      if (last && death.when === 'before') die()
      const result = await db.withCompany(companyId, work)
      if (last) die()
      return result
    },
    asSystem: (reason, work) => (dead ? die() : db.asSystem(reason, work)),
  }
}

/** A door before whose n-th call the worker falls asleep until it is woken. */
export function sleepyDatabase(
  db: FleetDatabase,
  { atCall, until }: { atCall: number; until: Promise<void> },
): FleetDatabase {
  let calls = 0
  return {
    async withCompany(companyId, work) {
      if (++calls === atCall) await until
      return db.withCompany(companyId, work)
    },
    asSystem: (reason, work) => db.asSystem(reason, work),
  }
}
