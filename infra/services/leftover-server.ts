import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const ENDS_BY_ITSELF_MS = 12_000
const POLL_MS = 100

/**
 * Waits for the server that an earlier, killed run left in a data directory, and ends it when it does not go. Only a
 * process that really works in that directory is touched: a pid file may name anything.
 */
export async function endLeftover(leftover: {
  pidFile: string
  directory: string
  name: string
}): Promise<void> {
  const pid = pidIn(leftover.pidFile)
  if (pid === undefined) return
  // The pipe watcher of a killed run is already stopping it; give that its time, then ask, then insist.
  for (const signal of [undefined, 'SIGINT', 'SIGKILL'] as const) {
    if (!worksIn(pid, leftover)) return
    if (signal !== undefined) process.kill(pid, signal)
    const until = Date.now() + ENDS_BY_ITSELF_MS
    while (Date.now() < until && worksIn(pid, leftover)) await wait(POLL_MS)
  }
}

function pidIn(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return pid > 1 ? pid : undefined
  } catch {
    return undefined // no pid file: nothing was left behind
  }
}

function worksIn(pid: number, { directory, name }: { directory: string; name: string }): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory)
    const command = execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' })
    return basename(command.trim()).startsWith(name)
  } catch {
    return false // gone meanwhile
  }
}
