/** What an installation depends on, as one hash; a stamp remembers the hash that was installed last. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keep, root } from './place.mjs'

const STAMP = join(keep, 'installed')

export function isInstalled() {
  if (!existsSync(join(root, 'node_modules', '.modules.yaml')) || !existsSync(STAMP)) return false
  return readFileSync(STAMP, 'utf8') === wanted()
}

export function rememberInstalled() {
  writeFileSync(STAMP, wanted())
}

function wanted() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

function manifests() {
  const nested = ['apps', 'packages'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}/package.json`),
  )
  return ['package.json', 'infra/package.json', ...nested]
    .filter((file) => existsSync(join(root, file)))
    .sort()
}
