/** Brings the clone to where a task can run. */
import { mkdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { killChildren, run } from './child.mjs'
import { isInstalled, rememberInstalled } from './freshness.mjs'
import { takeLock } from './lock.mjs'
import { keep, root } from './place.mjs'
import { Problem, say } from './problem.mjs'
import { environmentWithNode, environmentWithPnpm, fetchNode, nodeAtHand } from './toolchain.mjs'

const INSTALL_MS = 1_200_000
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/** @returns {Promise<{ node: string, environment: NodeJS.ProcessEnv }>} the Node to run tasks with */
export async function prepare() {
  mkdirSync(keep, { recursive: true })
  const release = await takeLock(join(keep, 'bootstrap.lock'))
  const end = (/** @type {NodeJS.Signals} */ signal) => {
    killChildren(signal)
    release()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    const node = nodeAtHand() ?? (await fetchNode())
    if (!isInstalled()) await install(node)
    await build(node)
    // What Node made of the sources is kept: the fleet's programs then start in half the time.
    const environment = { ...environmentWithNode(node), NODE_COMPILE_CACHE: join(keep, 'compiled') }
    return { node, environment }
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, end)
    release()
  }
}

/** @param {string} node */
async function install(node) {
  const env = await environmentWithPnpm(node)
  say('installing dependencies')
  const shell = process.platform === 'win32' ? ['cmd', '/c'] : []
  const command = [...shell, 'pnpm', 'install', '--frozen-lockfile', '--reporter=append-only']
  const done = await run(command, {
    cwd: root,
    env: { ...env, CI: 'true' },
    show: true,
    timeoutMs: INSTALL_MS,
  })
  if (done.code !== 0)
    throw new Problem('pnpm could not install the dependencies; its own words stand above.')
  rememberInstalled()
}

/** Turbo decides what is stale and runs nothing else. @param {string} node */
async function build(node) {
  const env = await environmentWithPnpm(node)
  const turbo = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'turbo.cmd' : 'turbo')
  const done = await run([turbo, 'run', 'build', '--output-logs=errors-only', '--no-update-notifier'], {
    cwd: root,
    env,
  })
  if (done.code !== 0) throw new Problem(`The build failed:\n\n${done.output}`)
}
