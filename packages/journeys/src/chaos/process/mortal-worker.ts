/** A worker that can die as a process: started, it loads its code and waits for its fate. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { frozenFile, type Order } from './fate.ts'

/** Loading fills more than a young heap holds by default, which would be moved again and again. */
const LOADING = ['--min-semi-space-size=32']
const LOOK_MS = 50
const FREEZE_WAIT_MS = 3_000

export function spawnWorker(of: {
  /** The program of a worker. */
  entry: string
  env: Record<string, string>
  logFile: string
  deathsFile: string
  /** While it loads its code and waits, whoever is at work comes first. */
  isPatient?: boolean
}): ChildProcess {
  const log = openSync(of.logFile, 'w', 0o600)
  const child = spawn(process.execPath, [...LOADING, of.entry], {
    // Hundreds of lives run the same code: it is compiled once; see `start-worker.ts` for most of it.
    env: { ...of.env, CHAOS_DEATHS: of.deathsFile, NODE_COMPILE_CACHE: join(dirname(of.entry), 'compiled') },
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  if (of.isPatient === true) setNiceness(child, PATIENT)
  return child
}

const PATIENT = 10
/** Only who may take patience back asks for it. */
const MAY_TAKE_BACK = process.getuid?.() === 0

function setNiceness({ pid }: ChildProcess, niceness: number): void {
  if (!MAY_TAKE_BACK || pid === undefined) return
  try {
    setPriority(pid, niceness)
  } catch {
    // It ended a moment ago.
  }
}

export function order(child: ChildProcess, given: Order): void {
  if ('begin' in given) setNiceness(child, 0)
  // Whoever died a moment ago hears nothing any more, and needs not.
  if (child.connected) child.send(given, () => undefined)
}

/** Has it stop at that moment. Answers whether it came to it within the time; later it does not stop there any more. */
export async function freezeAt(
  child: ChildProcess,
  at: string,
  { deathsFile, withinMs = FREEZE_WAIT_MS }: { deathsFile: string; withinMs?: number },
): Promise<boolean> {
  const until = Date.now() + withinMs
  order(child, { freezeAt: at, until })
  const isFrozen = () => existsSync(frozenFile(deathsFile, child.pid ?? 0))
  while (Date.now() < until && !isFrozen()) await sleep(LOOK_MS)
  return isFrozen()
}

export const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

export async function endOf(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGCONT')
  child.kill('SIGKILL')
  await gone
}
