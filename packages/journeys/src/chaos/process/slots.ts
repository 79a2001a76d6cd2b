/**
 * The workers of a storm and who restarts them. Each slot has one worker that lives and one that has loaded its code and
 * waits: when the first one dies the second begins at once, as behind any supervisor that is worth its name.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chance } from '../chance.ts'
import type { Fate, Told } from './fate.ts'
import { endOf, freezeAt, order, spawnWorker } from './mortal-worker.ts'

/** A process that cannot even start is not started again in a tight loop. */
const RESTART_MS = 50
const PASSINGS_MAX = 4
/**
 * Moments of deliveries that a life passes before it dies at any. Lives share the work, and if all had the same to do they
 * would come to die together.
 */
const WORK = { min: 36, max: 120 }
/** In how many more it has to come to its own: a moment that is rare is not waited for longer. */
const MORE = 36
/** In which workers begin, on a machine that does much else. */
const ALIVE_MS_MAX = 90_000

export type SlotsOptions = {
  /** The program of a worker. */
  entry: string
  count: number
  seed: string
  env: Record<string, string>
  /** Logs of every life, and the file of deaths. */
  directory: string
  deathsFile: string
  /** Workers that load their code make way for those at work. */
  isPatient: boolean
}

export type Slots = AsyncDisposable & {
  /** What belonged to the beginning alone does not come again: the moments are gathered anew. */
  forget(): void
  /** From now on every new life has a fate. */
  unleash(): void
  /** Nobody dies by fate any more. */
  calm(): void
  /** Asks each worker in turn to end in order, and waits for it: a deploy. */
  deploy(): Promise<void>
  /** Stops a worker at that moment, or where it stands when it does not come to it, and lets it go on later. */
  freeze(slot: number, how: { at: string; ms: number }): Promise<void>
  /** Resolves when every slot has a worker at work. @throws Error with the log of one that does not begin */
  alive(): Promise<void>
  readonly moments: ReadonlySet<string>
  readonly logFiles: readonly string[]
  /** Ends that nobody ordered: the code and the log of whoever ended so. */
  readonly unexpected: readonly string[]
}

type Slot = { number: number; life: number; active: Running; next: Running }
type Running = { child: ChildProcess; logFile: string; alive: boolean; ordered: boolean }

export function startSlots(options: SlotsOptions): Slots {
  const moments = new Set<string>()
  const logFiles: string[] = []
  const unexpected: string[] = []
  let unleashed = false
  let ended = false
  mkdirSync(options.directory, { recursive: true })

  const start = (): Running => {
    const logFile = join(options.directory, `worker-${logFiles.length + 1}.log`)
    logFiles.push(logFile)
    return { child: spawnWorker({ ...options, logFile }), logFile, alive: false, ordered: false }
  }

  /** Each known moment is as likely as another, and the seed says which, whoever else has died by then. */
  const fateOf = ({ number, life }: Slot): Fate => {
    const work = WORK.min + Math.floor(chance(options.seed, number, life, 'work') * (WORK.max - WORK.min))
    const patience = { moments: work, more: MORE }
    const fate = { slot: number, life, moment: null, passings: 0, patience }
    if (!unleashed) return fate
    const moment = drawn([...moments], (one) => chance(options.seed, number, life, one, 'moment'))
    const passings = 1 + Math.floor(chance(options.seed, number, life, moment) * PASSINGS_MAX)
    return { ...fate, moment, passings }
  }

  const begin = (slot: Slot): void => {
    const running = slot.active
    slot.life += 1
    running.child.on('message', (told: Told) => {
      running.alive = true
      if ('moment' in told) moments.add(told.moment)
    })
    running.child.once('exit', (code, signal) => {
      if (ended) return
      const isOdd = signal !== 'SIGKILL' && !running.ordered && !couldNotStart(running.logFile)
      if (isOdd) unexpected.push(`${signal ?? code} ${running.logFile}`)
      const wait = signal === 'SIGKILL' || running.ordered ? 0 : RESTART_MS
      setTimeout(() => replace(slot), wait)
    })
    order(running.child, { begin: fateOf(slot) })
  }
  const replace = (slot: Slot): void => {
    if (ended) return
    slot.active = slot.next
    begin(slot)
    slot.next = start()
  }

  const slots = Array.from({ length: options.count }, (_, number): Slot => {
    const slot = { number, life: 0, active: start(), next: start() }
    begin(slot)
    return slot
  })
  const each = () => slots.map(({ active }) => active)
  const alive = async () => {
    const until = Date.now() + ALIVE_MS_MAX
    for (let late = each(); late.length > 0; late = each().filter((running) => !running.alive)) {
      const [first] = late
      if (Date.now() > until && first !== undefined)
        throw new Error(`a worker does not begin:\n${readFileSync(first.logFile, 'utf8').slice(-3_000)}`)
      await sleep(RESTART_MS)
    }
  }
  return {
    moments,
    logFiles,
    unexpected,
    alive,
    forget() {
      moments.clear()
      for (const running of each()) order(running.child, { tellAgain: true })
    },
    unleash() {
      unleashed = true
      // Those that live have no fate; they make room for the first that do.
      for (const { child } of each()) child.kill('SIGKILL')
    },
    calm() {
      unleashed = false
      for (const running of each()) order(running.child, { calm: true })
    },
    async deploy() {
      for (const slot of slots) {
        const { active } = slot
        active.ordered = true
        active.child.kill('SIGTERM')
        while (slot.active === active || !slot.active.alive) await sleep(RESTART_MS)
      }
    },
    async freeze(number, { at, ms }) {
      const running = slots[number % slots.length]?.active
      if (running === undefined) return
      await freezeAt(running.child, at, options)
      running.child.kill('SIGSTOP')
      await sleep(ms)
      running.child.kill('SIGCONT')
    },
    async [Symbol.asyncDispose]() {
      ended = true
      const all = slots.flatMap(({ active, next }) => [active.child, next.child])
      await Promise.all(all.map(endOf))
    },
  }
}

/** The one with the highest lot: a moment that is known later changes only what falls to it. */
const drawn = (all: readonly string[], lotOf: (one: string) => number): string =>
  all.reduce((best, one) => (best === '' || lotOf(one) > lotOf(best) ? one : best), '')

/** Refuses to start while PostgreSQL or Redis is away, says so, and is started again. */
function couldNotStart(logFile: string): boolean {
  const told = readFileSync(logFile, 'utf8')
  return told.includes('"worker.failed"') && !told.includes('"worker.ready"')
}
