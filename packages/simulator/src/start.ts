import type { AddressInfo } from 'node:net'
import { createClock } from './clock.ts'
import { type Control, createControl } from './control/control.ts'
import type { Fault } from './control/faults.ts'
import type { Ledger } from './control/ledger.ts'
import { recordExercise } from './inventory/exercise-record.ts'
import type { LimitProfile } from './limits/allowances.ts'
import { API_PREFIX } from './operation.ts'
import type { ProcessingDelays } from './processing-delays.ts'
import { RETRIEVAL_BOUNDS, type RetrievalBounds } from './retrieval/bounds.ts'
import { buildServer } from './server.ts'
import { DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { forgetful, rememberingIn } from './state/memory.ts'
import { createWorld } from './world.ts'

export type SimulatorOptions = {
  /** 0, the default, takes any free port. */
  port?: number
  host?: string
  /** How long statuses take to mature; see Settings. */
  processingDelayMs?: number
  /** What takes another time than that, by kind. */
  delaysMs?: ProcessingDelays
  accessTokenSeconds?: number
  /** Underlying time; the wall clock by default. */
  now?: () => Date
  /** Makes reference numbers, KSeF numbers and random faults the same in every run; random when absent. */
  seed?: string
  /** A folder to remember everything in; without one, all is forgotten on closing. */
  dataDirectory?: string
  /** Faults armed from the start. */
  faults?: readonly Fault[]
  /** Path of the official OpenAPI file: every answer is then checked against it. */
  contractFile?: string
  /** `production` counts requests by the published table; `off`, the default, only where limits were set. */
  limits?: LimitProfile
  /** Bounds of queries and exports that differ from the official ones. */
  retrieval?: Partial<RetrievalBounds>
  /** A folder to note in, on closing, which operations were exercised (`--list` reads it). */
  exerciseDirectory?: string
  /** For tests of the cap; 10,000 by default. */
  sessionInvoicesMax?: number
}

export type Simulator = {
  /** Base URL of the API, ending in `/v2`, like those of the real environments. */
  url: string
  ledger: Ledger
  /** What can be done to it beside calling KSeF; the same over HTTP under `/_simulator`. */
  control: Control
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

function settingsFrom(options: SimulatorOptions): Settings {
  const { processingDelayMs, accessTokenSeconds, contractFile, faults, sessionInvoicesMax, limits } = options
  return {
    ...DEFAULT_SETTINGS,
    delaysMs: { ...options.delaysMs },
    retrieval: { ...RETRIEVAL_BOUNDS, ...options.retrieval },
    ...(processingDelayMs === undefined ? {} : { processingDelayMs }),
    ...(accessTokenSeconds === undefined ? {} : { accessTokenSeconds }),
    ...(contractFile === undefined ? {} : { contractFile }),
    ...(faults === undefined ? {} : { initialFaults: faults }),
    ...(limits === undefined ? {} : { limits }),
    ...(sessionInvoicesMax === undefined ? {} : { sessionInvoicesMax }),
  }
}

/**
 * Starts a local KSeF 2.0 server in this process. It knows of earlier runs what `dataDirectory` holds.
 *
 * @throws Error when the port is taken or the invoice schemas have not been copied
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { dataDirectory, exerciseDirectory, seed } = options
  const memory = dataDirectory === undefined ? forgetful(seed) : rememberingIn(dataDirectory, seed)
  const clock = createClock(options.now, memory.state.clock)
  const world = await createWorld(settingsFrom(options), clock, memory)
  await memory.commit()
  const app = await buildServer(world)
  const host = options.host ?? '127.0.0.1'
  await app.listen({ host, port: options.port ?? 0 })
  const address: AddressInfo | string | null = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const close = async () => {
    await app.close()
    if (exerciseDirectory !== undefined) recordExercise(exerciseDirectory, world.ledger.calls())
    await memory.commit()
  }
  return {
    url: `http://${host}:${port}${API_PREFIX}`,
    ledger: world.ledger,
    control: createControl(world),
    close,
    [Symbol.asyncDispose]: close,
  }
}
