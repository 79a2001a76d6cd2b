import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process id together with when that process started: ids are reused, this pair is not. */
export type ProcessIdentity = { pid: number; startedAt: string }

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '' }
}

export function isAlive(identity: ProcessIdentity): boolean {
  const startedAt = startOf(identity.pid)
  return startedAt !== undefined && startedAt === identity.startedAt
}

/** When the process started, in the system's own notation; undefined when there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // proc(5): field 22 is starttime; field 2, the name in parentheses, may itself contain blanks.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' ? undefined : fields[19]
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}
