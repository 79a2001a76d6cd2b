import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolders, root, rootProgram } from './workspace.ts'

export type Check = { title: string; passed: boolean; output: string; seconds: number }

/** tsc of every workspace package, as many at a time as given. */
export async function typecheckAll(atATime: number): Promise<Check[]> {
  const waiting = packageFolders().filter((folder) => existsSync(join(root, folder, 'tsconfig.json')))
  const done: Check[] = []
  const worker = async () => {
    for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
      done.push(await check(`typecheck ${folder}`, [rootProgram('tsc'), '--noEmit', '-p', folder]))
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  return done.sort((a, b) => a.title.localeCompare(b.title))
}

/** Format, import order and lint of the whole tree. */
export async function lintTree(): Promise<Check> {
  return await check('biome check', [rootProgram('biome'), 'check', '--error-on-warnings', '.'])
}

async function check(title: string, command: [string, ...string[]]): Promise<Check> {
  const [program, ...args] = command
  const begun = performance.now()
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const passed = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0))
  })
  const output = Buffer.concat(chunks).toString('utf8')
  return { title, passed, output, seconds: (performance.now() - begun) / 1000 }
}
