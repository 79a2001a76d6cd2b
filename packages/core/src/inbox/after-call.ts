import type { KsefFailure } from '@ksef-fleet/ksef'
import { isHeldBack } from '../delivery/after-failure.ts'
import { recordFailure } from '../delivery/company-access.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { Stepped, Syncing } from './syncing.ts'

/** With these KSeF says that this subject may not read invoices here. */
const NOT_ALLOWED: ReadonlySet<KsefFailure['code']> = new Set([
  'KSEF_MISSING_PERMISSIONS',
  'KSEF_FORBIDDEN',
  'KSEF_RESOURCE_NOT_ACCESSIBLE',
])

const OF_ALL_CALLS: ReadonlySet<KsefFailure['kind']> = new Set([
  'held-back',
  'rate-limited',
  'unauthorized',
  'connection',
])

/** Whether asking for another document may go better: one that KSeF stumbles over each time keeps no other from coming. */
export const isOfOneDocument = ({ kind }: KsefFailure): boolean => !OF_ALL_CALLS.has(kind)

/** What a failed call of KSeF comes to for a sync. Held back by our own budget is no failure: it comes when there is room. */
export async function afterCall(
  context: DeliveryContext,
  { ksef, state }: Syncing,
  failure: KsefFailure,
): Promise<Stepped> {
  const notBefore = await recordFailure(context, ksef, { failure, tries: state.failures })
  if (isHeldBack(failure) || failure.kind === 'rate-limited') return { to: 'rest', at: notBefore }
  const said = failure.description === undefined ? {} : { description: failure.description }
  if (NOT_ALLOWED.has(failure.code) && failure.operation !== 'downloadExportPart')
    return { to: 'held', code: 'KSEF_PERMISSION_MISSING', ...said }
  return { to: 'failed', code: failure.code, ...said, notBefore }
}
