import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  const worker = await bundle(WORKER, {
    format: 'cjs',
    codeSplitting: false,
    // Blanks alone: names and order stay.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  })
  writeFileSync(join(dir, 'worker-main.cjs'), inAscii(worker))
  writeFileSync(join(dir, 'start.mjs'), await bundle(START, { format: 'esm' }))
  return {
    entry: join(dir, 'start.mjs'),
    async [Symbol.asyncDispose]() {
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** V8 keeps it in half the memory, and loads it a sixth faster. */
const inAscii = (code: string): string =>
  code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

async function bundle(input: string, output: OutputOptions): Promise<string> {
  // What finds its own files next to itself has to stay where it is.
  await using made = await rolldown({
    input,
    platform: 'node',
    external: /^libxml2-wasm/,
    logLevel: 'silent',
  })
  const [chunk] = (await made.generate(output)).output
  return chunk.code
}
