import { execFileSync } from 'node:child_process'

/** Who may own PostgreSQL's data: the caller, or, for root, the account `nobody`. */
export type ServerAccount = {
  uid: number
  gid: number
  wrap: (command: readonly [string, ...string[]]) => [string, ...string[]]
}

/**
 * PostgreSQL refuses to run as root. As root we therefore hand it to `nobody`, who cannot enter /root or a 0700
 * folder above the clone; the one capability to pass directory permissions goes with it, for this process tree only.
 */
export function serverAccount(): ServerAccount {
  if (process.getuid?.() !== 0) {
    return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1, wrap: (command) => [...command] }
  }
  const uid = numericId('-u')
  const gid = numericId('-g')
  const drop = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  // PostgreSQL looks for its own programs with access(2), which drops capabilities unless the fix-up is off.
  const fixUp = '--securebits=+no_setuid_fixup'
  const keep = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  return { uid, gid, wrap: (command) => ['setpriv', fixUp, ...drop, ...keep, ...command] }
}

function numericId(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
}
