import { spawn } from 'node:child_process'

/** Children of the preparation phase; a signal ends them together with us. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/** @param {NodeJS.Signals} signal */
export function killChildren(signal) {
  for (const child of running) child.kill(signal)
}

/**
 * Runs a program to its end. With `show` its output is seen on stderr as it comes, otherwise it is only returned.
 * A program that does not exist gives `missing: true`.
 * @param {string[]} command
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, show?: boolean, timeoutMs?: number }} options
 * @returns {Promise<{ code: number, output: string, missing: boolean }>}
 */
export function run(command, options) {
  const [program = '', ...args] = command
  const show = options.show === true
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', show ? 2 : 'pipe', show ? 2 : 'pipe'],
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    })
    running.add(child)
    let output = ''
    const collect = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString('utf8')
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.once('error', (error) => {
      running.delete(child)
      if ('code' in error && error.code === 'ENOENT') resolve({ code: 127, output, missing: true })
      else reject(error)
    })
    child.once('close', (code) => {
      running.delete(child)
      resolve({ code: code ?? 1, output, missing: false })
    })
  })
}
