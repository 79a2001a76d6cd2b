/**
 * The programs of a fleet in a few files each, made of the very sources. Journeys start hundreds of processes, and each would
 * spend seconds of a processor finding and loading three thousand modules, mostly to look up whose they are.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { bundleOf, ROOT } from './program-file.ts'

const PROGRAMS = ['apps/api/src/main.ts', 'apps/worker/src/main.ts', 'packages/simulator/src/main.ts']
const THREADS = ['apps/api/src/inspection-thread.ts', 'apps/api/src/printing-thread.ts']

/** What finds its own files next to itself has to stay where it is. */
const AT_HOME =
  /^(libxml2-wasm|piscina|pdfkit|fontkit|pino|thread-stream|ejs|@bull-board\/.*|@fastify\/view|@fastify\/swagger|@scalar\/.*)(\/.*)?$/

export async function bundlePrograms(folder: string): Promise<void> {
  for (const entry of [...PROGRAMS, ...THREADS]) await bundle(folder, entry)
}

async function bundle(folder: string, entry: string): Promise<void> {
  await using made = await rolldown({
    input: join(ROOT, entry),
    platform: 'node',
    logLevel: 'silent',
    plugins: [leftAtHome, knowingWhereItWas(folder)],
  })
  const name = basename(bundleOf(folder, entry))
  await made.write({ dir: folder, format: 'esm', entryFileNames: name, chunkFileNames: `${name}-[hash].mjs` })
}

const leftAtHome: Plugin = {
  name: 'left-at-home',
  async resolveId(source, importer) {
    if (!AT_HOME.test(source) || importer === undefined) return null
    const found = await this.resolve(source, importer, { skipSelf: true })
    return found === null ? null : { id: found.id, external: 'absolute' }
  },
}

/** Our own modules look for files as from where their source lies, and start threads from their bundles. */
const knowingWhereItWas = (folder: string): Plugin => ({
  name: 'knowing-where-it-was',
  load(id) {
    if (!id.startsWith(ROOT) || id.includes('node_modules') || !id.endsWith('.ts')) return null
    const source = readFileSync(id, 'utf8')
    if (!source.includes('import.meta.')) return null
    const threads = THREADS.reduce((code, thread) => {
      const bundled = JSON.stringify(pathToFileURL(bundleOf(folder, thread)).href)
      return code.replace(`new URL('./${basename(thread)}', import.meta.url)`, `new URL(${bundled})`)
    }, source)
    return threads
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      .replaceAll('import.meta.dirname', JSON.stringify(join(id, '..')))
  },
})
