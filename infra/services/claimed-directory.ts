import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts'

const CLAIM = 'in-use-by.json'

/** Says that the directory's services belong to a run that is still going on. */
export class DirectoryInUse extends Error {
  readonly pid: number
  constructor(directory: string, pid: number) {
    super(`The services in ${directory} are in use by process ${pid}. Stop that run first, or wait for it.`)
    this.name = 'DirectoryInUse'
    this.pid = pid
  }
}

/**
 * Takes a data directory for this process. The claim of a process that died is taken over; of one that lives it is
 * refused. Disposing gives it back.
 * @throws DirectoryInUse
 */
export function claimDirectory(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  const file = join(directory, CLAIM)
  const claim = JSON.stringify(ownIdentity())
  while (!wroteNew(file, claim)) {
    const owner = readClaim(directory)
    if (owner !== undefined && isAlive(owner)) throw new DirectoryInUse(directory, owner.pid)
    rmSync(file, { force: true })
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
}

/** A fresh directory for services that need not outlive us, after clearing away those of runs that were killed. */
export function claimFreshDirectory(parent: string): { directory: string } & Disposable {
  mkdirSync(parent, { recursive: true, mode: 0o755 })
  for (const name of readdirSync(parent)) removeIfAbandoned(join(parent, name))
  const directory = join(parent, randomBytes(6).toString('hex'))
  const claim = claimDirectory(directory)
  return {
    directory,
    [Symbol.dispose]: () => {
      rmSync(directory, { recursive: true, force: true })
      claim[Symbol.dispose]()
    },
  }
}

function removeIfAbandoned(directory: string): void {
  const owner = readClaim(directory)
  if (owner !== undefined && !isAlive(owner)) rmSync(directory, { recursive: true, force: true })
}

function wroteNew(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function readClaim(directory: string): ProcessIdentity | undefined {
  try {
    const claim: unknown = JSON.parse(readFileSync(join(directory, CLAIM), 'utf8'))
    if (claim !== null && typeof claim === 'object' && 'pid' in claim && 'startedAt' in claim) {
      return { pid: Number(claim.pid), startedAt: String(claim.startedAt) }
    }
  } catch {
    // No claim, or one cut short by a crash while it was written: nobody who lives holds it.
  }
  return undefined
}
