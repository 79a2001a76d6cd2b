import { appendFileSync, writeFileSync } from 'node:fs'

/** What is decided for one life of a worker before it begins. */
export type Fate = {
  slot: number
  life: number
  /** Dies when it has passed this moment so often; null: not by its own hand. One that never comes: by impatience only. */
  moment: string | null
  passings: number
  /** Null: it dies at its own moment, whenever that comes, or not at all. */
  patience: Patience | null
}

/**
 * A life's work comes first: deaths are measured in it and not in time, so that a slow machine has as many in the end and gets
 * as far.
 */
export type Patience = {
  /** Moments of deliveries that it passes before it dies at any: some twenty are the way of one invoice. */
  moments: number
  /** When its own does not come among so many after them, it dies at the last of these, whichever that is. */
  more: number
}

/** One death, as its file tells it. */
export type Death = {
  at: number
  slot: number
  life: number
  moment: string
  /** Submissions it had claimed and not settled. */
  held: string[]
}

/** Written by a worker that is about to stop: a message would not leave it any more. */
export const frozenFile = (deathsFile: string, pid: number): string => `${deathsFile}.frozen-${pid}`

/** What a worker tells its supervisor. */
export type Told = { moment: string } | { alive: true }
/**
 * What it is told: to begin under a fate, to live on whatever its fate was, to tell anew which moments it passes, to stop
 * where it stands once it comes to a moment, if it does so in time: later nobody would wake it.
 */
export type Order =
  | { begin: Fate }
  | { calm: true }
  | { tellAgain: true }
  | { freezeAt: string; until: number }

/**
 * Watches the moments go by and kills this process with SIGKILL at the fated one. The death is written down before, in one
 * synchronous write: nothing of this process runs after it.
 */
export function createReaper(deps: { fate: Fate; file: string; tell: (told: Told) => void }) {
  const held = new Set<string>()
  const seen = new Set<string>()
  let { passings } = deps.fate
  let calm = deps.fate.moment === null
  let passed = 0
  let freezing: { at: string; until: number } | null = null

  const die = (moment: string): void => {
    const { slot, life } = deps.fate
    const death: Death = { at: Date.now(), slot, life, moment, held: [...held] }
    appendFileSync(deps.file, `${JSON.stringify(death)}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
  return {
    holding: {
      take: (id: string) => void held.add(id),
      leave: (id: string) => void held.delete(id),
    },
    passing(moment: string): void {
      if (!seen.has(moment)) {
        seen.add(moment)
        deps.tell({ moment })
      }
      if (moment === freezing?.at && Date.now() < freezing.until) {
        freezing = null
        writeFileSync(frozenFile(deps.file, process.pid), moment)
        process.kill(process.pid, 'SIGSTOP')
      }
      if (calm) return
      const { patience } = deps.fate
      const ofDelivery = !moment.startsWith('system ')
      if (ofDelivery) passed += 1
      if (patience !== null && passed <= patience.moments) return
      if (moment === deps.fate.moment && --passings <= 0) die(moment)
      else if (patience !== null && ofDelivery && passed > patience.moments + patience.more) die(moment)
    },
    calm: () => {
      calm = true
    },
    tellAgain: () => seen.clear(),
    freezeAt: (at: string, until: number) => {
      freezing = { at, until }
    },
  }
}
