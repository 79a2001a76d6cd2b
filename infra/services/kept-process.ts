import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/** A server process that dies with us, whichever way we die. */
export type KeptProcess = {
  /** Resolves with the exit code once the server is gone. */
  exited: Promise<number>
  /** Asks the server to end in order; after ten seconds it is killed. Safe to call twice. */
  stop(): Promise<void>
  /** Kills the server where it stands, as the kernel or a power cut would. */
  kill(): Promise<void>
}

export type KeptCommand = {
  command: readonly [string, ...string[]]
  env?: NodeJS.ProcessEnv
  /** The signal that means an orderly end: INT for PostgreSQL (fast shutdown), TERM for Redis. */
  stopSignal: 'INT' | 'TERM'
  /** Both output streams of the server go here; overwritten at each start. */
  logFile: string
}

// The shell holds the read end of a pipe from us. When we end the pipe, or the kernel closes it because we were
// killed, the watcher stops the server. Nothing has to run in our process for that to happen.
const WATCHED = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(
  cat <&3 >/dev/null
  kill -"$STOP_SIGNAL" $server 2>/dev/null
  tries=0
  while kill -0 $server 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL $server 2>/dev/null
) &
watcher=$!
exec 3<&-
wait $server
code=$?
kill $watcher 2>/dev/null
wait $watcher 2>/dev/null
exit $code`

/**
 * Starts a server in its own process group, so that Ctrl-C in the terminal reaches us first and we stop it after
 * whatever uses it. POSIX only.
 */
export function keepProcess(options: KeptCommand): KeptProcess {
  const log = openSync(options.logFile, 'w', 0o600)
  const child = spawn('/bin/sh', ['-c', WATCHED, 'kept', ...options.command], {
    detached: true,
    env: { ...(options.env ?? process.env), STOP_SIGNAL: options.stopSignal },
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  const lifeline = child.stdin
  if (lifeline === null) throw new Error('a server was started without the pipe that ends it')
  // A server that is gone already breaks the pipe; its exit is reported below, so this error says nothing new.
  lifeline.on('error', () => lifeline.destroy())
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      lifeline.destroy()
      resolve(code ?? 1)
    })
  })
  return {
    exited,
    async stop() {
      lifeline.end()
      await exited
    },
    async kill() {
      // The whole group: shell, watcher and server.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      await exited
    },
  }
}
