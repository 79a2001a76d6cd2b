import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import type { WorldState } from './world-state.ts'

/** Raised whenever the shape of what is kept changes so that an older snapshot would be misread. */
const VERSION = 1

type Snapshot = { version: number; state: WorldState }

/**
 * The state of an earlier run, or undefined when there was none.
 *
 * @throws Error when the snapshot is of another version
 */
export function readSnapshot(file: string): WorldState | undefined {
  if (!existsSync(file)) return undefined
  const { version, state }: Snapshot = deserialize(readFileSync(file))
  if (version === VERSION) return state
  throw new Error(`${file} was written by another version of the simulator (${version}): delete its folder`)
}

/** Replaces the snapshot in one step: a process that dies in between leaves the one before. */
export async function writeSnapshot(file: string, state: WorldState): Promise<void> {
  const snapshot: Snapshot = { version: VERSION, state }
  await writeFile(`${file}.part`, serialize(snapshot))
  await rename(`${file}.part`, file)
}
