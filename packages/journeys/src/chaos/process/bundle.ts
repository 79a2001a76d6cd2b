import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type OutputOptions, rolldown } from 'rolldown'

const WORKER = fileURLToPath(new URL('./worker-main.ts', import.meta.url))
const START = fileURLToPath(new URL('./start-worker.ts', import.meta.url))
/** Where what stays outside of the bundle is found from. */
const FOLDER = fileURLToPath(new URL('../../../node_modules/.chaos', import.meta.url))

/**
 * The mortal worker in one file. Two thousand modules take most of a processor's second to find and load, and a storm starts
 * hundreds of workers; the code is the same. Each bundle has a folder of its own: several storms may begin at once.
 */
export async function bundleWorker(): Promise<AsyncDisposable & { entry: string }> {
  mkdirSync(FOLDER, { recursive: true })
  const dir = mkdtempSync(join(FOLDER, 'worker-'))
  // A script, whose compiled code can be kept, which that of a module cannot.
  await bundle(WORKER, {
    dir,
    format: 'cjs',
    entryFileNames: 'worker-main.cjs',
    codeSplitting: false,
  })
  await bundle(START, { dir, format: 'esm', entryFileNames: 'start.mjs' })
  return {
    entry: join(dir, 'start.mjs'),
    async [Symbol.asyncDispose]() {
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function bundle(input: string, output: OutputOptions): Promise<void> {
  // What finds its own files next to itself has to stay where it is.
  await using made = await rolldown({
    input,
    platform: 'node',
    external: /^libxml2-wasm/,
    logLevel: 'silent',
  })
  await made.write(output)
}
