import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** Where the bundle of a program lies within `folder`. */
export const bundleOf = (folder: string, entry: string): string =>
  join(folder, `${entry.replaceAll('/', '-')}.mjs`)

/** The file to start: the program's bundle where a test run made one, else its source. */
export function programFile(entry: string): string {
  const folder = process.env.FLEET_PROGRAMS
  const bundle = folder === undefined ? '' : bundleOf(folder, entry)
  return bundle !== '' && existsSync(bundle) ? bundle : join(ROOT, entry)
}
