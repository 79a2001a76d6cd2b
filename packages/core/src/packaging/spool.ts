/**
 * The folder in which packages lie on their way. What a killed process left there helps nobody: whoever takes a package over
 * makes it again. Removing a part under somebody's hands is harmless as well; its package is then given up and made anew.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { removePackage } from '@ksef-fleet/ksef'
import type { DeliveryContext } from '../delivery/delivery-context.ts'

type Spool = Pick<DeliveryContext, 'spoolDirectory'>
/** Of a batch session that is sent, or an export that is received. */
type Lease = { id: string; fence: number }

const PACKAGE = /^([0-9a-f-]{36})-(\d+)$/
/** Fifty parts may be uploaded for almost seventeen hours (sesja-wsadowa.md). */
const HOURS_MAX = 24

/** Where this lease's parts lie: a worker that was replaced cannot touch those of its successor. */
export const packageDirectory = ({ spoolDirectory }: Spool, { id, fence }: Lease): string =>
  join(spoolDirectory, `${id}-${fence}`)

/** Removes what earlier leases of the package left on this machine. */
export async function removeForerunners({ spoolDirectory }: Spool, { id, fence }: Lease): Promise<void> {
  for (const name of await packagesIn(spoolDirectory)) {
    const [, session, lease] = PACKAGE.exec(name) ?? []
    if (session === id && Number(lease) < fence) await removePackage(join(spoolDirectory, name))
  }
}

/** Removes packages that are older than any is on its way, and answers how many. */
export async function sweepSpool(spoolDirectory: string, now: Date): Promise<number> {
  const before = now.getTime() - HOURS_MAX * 3_600_000
  let count = 0
  for (const name of await packagesIn(spoolDirectory)) {
    const path = join(spoolDirectory, name)
    const found = await stat(path).catch(() => null)
    if (found === null || found.mtimeMs >= before) continue
    await removePackage(path)
    count++
  }
  return count
}

async function packagesIn(spoolDirectory: string): Promise<string[]> {
  try {
    return (await readdir(spoolDirectory)).filter((name) => PACKAGE.test(name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
