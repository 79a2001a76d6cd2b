import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundlePrograms } from '../src/fleet/bundled-programs.ts'

const FOLDER = fileURLToPath(new URL('../../../.fleet/programs', import.meta.url))

/** Once for all journeys of a run. */
export default async function setup(): Promise<() => void> {
  mkdirSync(FOLDER, { recursive: true })
  const folder = mkdtempSync(join(FOLDER, 'run-'))
  await bundlePrograms(folder)
  process.env.FLEET_PROGRAMS = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
