import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type KeptProcess, keepProcess } from '@ksef-fleet/infra/kept-process'
import { programFile } from './program-file.ts'

const READY_MS = 60_000
const LOOK_MS = 50
const LOG_TAIL_CHARACTERS = 4_000

/** One program of the fleet, running as a process of its own. */
export type FleetProcess = {
  name: string
  /** Where it answers; no slash at the end. */
  origin: string
  logFile: string
  /** Ends it in order. */
  stop(): Promise<void>
  /** Kills it where it stands. */
  kill(): Promise<void>
  exited: Promise<number>
}

/**
 * Starts a program of the workspace and waits until its address answers 200.
 *
 * @throws Error with the end of its log when it ends, or is not ready within a minute
 */
export async function startProcess(program: {
  name: string
  entry: string
  args?: readonly string[]
  env: Record<string, string>
  readyUrl: string
  directory: string
}): Promise<FleetProcess> {
  mkdirSync(program.directory, { recursive: true })
  const logFile = join(program.directory, `${program.name}.log`)
  const kept = keepProcess({
    command: [process.execPath, programFile(program.entry), ...(program.args ?? [])],
    env: { ...inheritedSettings(), ...program.env },
    stopSignal: 'TERM',
    logFile,
  })
  await ready(program, kept, logFile)
  return {
    name: program.name,
    origin: new URL(program.readyUrl).origin,
    logFile,
    stop: () => kept.stop(),
    kill: () => kept.kill(),
    exited: kept.exited,
  }
}

/** Of our own environment only what a program needs to run: no setting of ours reaches the fleet by accident. */
export function inheritedSettings(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TZ', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE', 'KSEF_SCHEMA_DIR']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

async function ready(
  program: { name: string; readyUrl: string },
  kept: KeptProcess,
  logFile: string,
): Promise<void> {
  let gone: number | undefined
  kept.exited.then((code) => {
    gone = code
  }, console.error)
  const deadline = Date.now() + READY_MS
  while (gone === undefined && Date.now() < deadline) {
    if (await answers(program.readyUrl)) return
    await sleep(LOOK_MS)
  }
  await kept.stop()
  const what = gone === undefined ? 'was not ready within a minute' : `ended with ${gone}`
  throw new Error(`${program.name} ${what}:\n${readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS)}`)
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false // not listening yet
  }
}
