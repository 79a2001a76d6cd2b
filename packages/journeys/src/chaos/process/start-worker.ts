/**
 * The program of a life: the worker's bundle beside it, with the code that an earlier life has compiled. V8 compiles each function
 * when it is first called, which is a fifth of what a life of some seconds costs. Node's own cache keeps what was compiled
 * before anything ran, and that is little.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { constants, Script } from 'node:vm'
// Awaits at its top, and so cannot be required.
import * as libxml2 from 'libxml2-wasm'
import type { Order } from './fate.ts'

/** When a life without a fate writes down what it has compiled since it began; each later time comes after twice as long. */
const KEEP_MS = 1_000

const folder = import.meta.dirname
const bundle = join(folder, 'worker-main.cjs')
const kept = join(folder, 'compiled-code')

const script = new Script(
  `(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'latin1')}})`,
  {
    filename: bundle,
    ...(existsSync(kept) ? { cachedData: readFileSync(kept) } : {}),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  },
)

function keepCode(): void {
  const written = `${kept}-${process.pid}`
  writeFileSync(written, script.createCachedData())
  renameSync(written, kept)
}

function keepCodeIn(ms: number): void {
  const keep = () => {
    keepCode()
    keepCodeIn(2 * ms)
  }
  setTimeout(keep, ms).unref()
}

process.on('message', (order: Order) => {
  if ('begin' in order && order.begin.moment === null) keepCodeIn(KEEP_MS)
})

// Whoever is killed later writes nothing.
flushCompileCache()

const requireOther = createRequire(import.meta.url)
const required = (id: string): unknown => (id === 'libxml2-wasm' ? libxml2 : requireOther(id))
const module = { exports: {} }
script.runInThisContext()(module.exports, required, module, bundle, folder)

// The first one keeps at least what loading compiles.
if (!existsSync(kept)) keepCode()
