import { execFile, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Log } from './started-server.ts'

const run = promisify(execFile)
const INSTALL_MS = 300_000

/** The first program of that name, or of one of those names, on PATH. */
export function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Installs a package as root on Debian or Ubuntu; answers whether it is there. Nowhere else is anything tried. */
export async function installWithApt(name: string, log: Log): Promise<boolean> {
  if (process.getuid?.() !== 0 || onPath(['apt-get']) === undefined) return false
  log(`installing ${name} with apt-get (once)`)
  if (await aptInstall(name)) return true
  log('refreshing the package lists first')
  await run('apt-get', ['update', '-q'], { timeout: INSTALL_MS })
  return await aptInstall(name)
}

async function aptInstall(name: string): Promise<boolean> {
  const child = spawn('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: INSTALL_MS,
  })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
}
