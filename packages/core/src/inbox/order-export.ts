import { newSessionKey, type SessionKey, sessionKeyOf } from '@ksef-fleet/ksef'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { afterCall } from './after-call.ts'
import type { Window } from './next-window.ts'
import type { ExportPurpose, KsefExport, SyncState } from './sync-state.ts'
import { leaseOf, type Stepped, type Syncing } from './syncing.ts'

const KEY_BYTES = 32

/**
 * Has a package made of a window. The wish and its key are on record before the request leaves: an answer that is lost costs
 * one of KSeF's ten places until that export ends, and the window is asked for again.
 */
export async function orderExport(
  context: DeliveryContext,
  at: Syncing,
  { purpose, window }: { purpose: ExportPurpose; window: Window },
): Promise<Stepped> {
  const { state, ksef } = at
  const { companyId, subjectType } = state
  const id = context.newId()
  const key = newSessionKey(context.randomBytes)
  const compression = 'TarGz'
  const ordered = await context.db.withCompany(companyId, (tx) =>
    tx.inbox.order(leaseOf(state), {
      id,
      purpose,
      windowFrom: window.from,
      windowTo: window.to,
      sealedKey: sealExportKey(context.sealer, { companyId, id }, key),
      compression,
      giveUpAt: addSeconds(context.now(), context.inboxTiming.exportGiveUpSeconds),
    }),
  )
  if (!ordered) return { to: 'lost' }
  const { from, to } = window
  const dateRange = {
    dateType: 'PermanentStorage',
    from,
    ...(to === null ? {} : { to }),
    restrictToPermanentStorageHwmDate: true,
  } as const
  const onlyMetadata = purpose === 'audit'
  const started = await ksef.startExport({
    filters: { subjectType, dateRange },
    key,
    compressionType: compression,
    onlyMetadata,
  })
  if (!started.ok) {
    const { code } = started.failure
    if (!(await abandon(context, state, { id, code }))) return { to: 'lost' }
    return afterCall(context, at, started.failure)
  }
  const accepted = await context.db.withCompany(companyId, (tx) =>
    tx.inbox.accepted(leaseOf(state), id, started.value.referenceNumber),
  )
  if (!accepted) return { to: 'lost' }
  return { to: 'rest', at: addSeconds(context.now(), waitAt(context.inboxTiming.exportPollSeconds, 0)) }
}

export const abandon = (
  { db }: DeliveryContext,
  state: SyncState,
  { id, code }: { id: string; code: string },
): Promise<boolean> => db.withCompany(state.companyId, (tx) => tx.inbox.abandon(leaseOf(state), id, code))

type OfExport = Pick<SyncState, 'companyId'> & Pick<KsefExport, 'id'>

const ownerOf = ({ companyId, id }: OfExport) => ['export-key', companyId, id]

const sealExportKey = (sealer: Sealer, owner: OfExport, key: SessionKey): string =>
  sealer.seal(Buffer.concat([key.cipherKey.reveal(), key.initializationVector.reveal()]), ownerOf(owner))

/** The key of a stored export; null when it was sealed under a master key that is gone. */
export function keyOfExport(
  sealer: Sealer,
  companyId: SyncState['companyId'],
  { id, sealedKey }: KsefExport,
): SessionKey | null {
  const plain = sealer.open(sealedKey, ownerOf({ companyId, id }))
  return plain === null ? null : sessionKeyOf(plain.subarray(0, KEY_BYTES), plain.subarray(KEY_BYTES))
}
