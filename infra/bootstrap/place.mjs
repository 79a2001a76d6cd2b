import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The one ignored folder that holds all we keep: toolchain, data, locks. */
export const keep = join(root, '.fleet')
