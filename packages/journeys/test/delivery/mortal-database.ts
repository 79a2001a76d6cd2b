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
