import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const ENTRY = fileURLToPath(new URL('./worker-main.ts', import.meta.url))
/** Where what stays outside of the bundle is found from. */
const FOLDER = fileURLToPath(new URL('../../../node_modules/.chaos', import.meta.url))

/**
 * The mortal worker in one file. Two thousand modules take most of a processor's second to find and load, and a storm starts
 * hundreds of workers; the code is the same. Each bundle has a folder of its own: several storms may begin at once.
 */
export async function bundleWorker(): Promise<AsyncDisposable & { entry: string }> {
  mkdirSync(FOLDER, { recursive: true })
  const dir = mkdtempSync(join(FOLDER, 'worker-'))
  // What finds its own files next to itself has to stay where it is.
  const bundle = await rolldown({
    input: ENTRY,
    platform: 'node',
    external: /^libxml2-wasm/,
    logLevel: 'silent',
  })
  try {
    await bundle.write({ dir, format: 'esm', entryFileNames: 'worker-main.mjs', minify: true })
  } finally {
    await bundle.close()
  }
  return {
    entry: join(dir, 'worker-main.mjs'),
    async [Symbol.asyncDispose]() {
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
