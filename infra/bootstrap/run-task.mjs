/** Runs a task with Node 24 and is transparent to signals and to its exit code. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { resolve as absolute, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { root } from './place.mjs'

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
/** Within this time a further signal is the same Ctrl-C, arriving by the terminal and again by npm. */
const SAME_SIGNAL_MS = 1_000

const followParent = pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), 'follow-parent.mjs')).href

/**
 * @param {{ node: string, environment: NodeJS.ProcessEnv }} prepared
 * @param {{ entry: string, args: string[] }} task
 * @returns {Promise<number>} the exit code
 */
export function runTask(prepared, task) {
  // In its own process group the task hears of Ctrl-C from us alone, once; the channel tells it when we are killed.
  const child = spawn(prepared.node, ['--import', followParent, absolute(root, task.entry), ...task.args], {
    cwd: root,
    env: prepared.environment,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
  })
  let lastAt = 0
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    const now = Date.now()
    if (now - lastAt < SAME_SIGNAL_MS) return
    lastAt = now
    child.kill(signal)
  }
  for (const signal of SIGNALS) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const one of SIGNALS) process.removeListener(one, forward)
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
