import type { KsefFailure } from '@ksef-fleet/ksef'
import type { ContextKsef } from '../context/context-ksef.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Integration } from './integration.ts'

/**
 * Asks what KSeF allows in the context, in requests and in sizes, and keeps it: the Ministry raises limits on request and
 * lowers them for a time. What cannot be read stays as it was, and whoever verifies goes on.
 */
export async function readLimits(
  { db, now, log }: Pick<CoreDependencies, 'db' | 'now'> & { log: Log },
  at: ContextKsef,
  { id, companyId }: Integration,
): Promise<void> {
  const unread = ({ operation, code }: Pick<KsefFailure, 'operation' | 'code'>) =>
    log.warn({ operation, code, integrationId: id }, 'limits.unread')
  try {
    const rate = await at.call((ksef, access) => ksef.limits.rate(access))
    const sizes = await at.call((ksef, access) => ksef.limits.context(access))
    for (const asked of [rate, sizes]) if (!asked.ok) unread(asked.failure)
    if (!rate.ok && !sizes.ok) return
    const read = {
      ...(rate.ok ? { rate: rate.value } : {}),
      ...(sizes.ok ? { sizes: sizes.value } : {}),
      at: now(),
    }
    await db.withCompany(companyId, (tx) => tx.limits.set(id, read))
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    log.warn({ code: error.code, integrationId: id }, 'limits.unread')
  }
}
