import type { OfflineMode } from '@ksef-fleet/ksef'
import type { Strictness } from '@ksef-fleet/ksef/rules'
import type { Company } from '../companies/company.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import { boundToMode } from '../offline/issuing.ts'
import type { Batch } from './batch.ts'
import { fingerprintUpload, type InspectDependencies, inspectUpload } from './inspect-upload.ts'
import type { RefusedFiles } from './refused-files.ts'
import { type StoreDependencies, storeBatch } from './store-batch.ts'
import type { Upload } from './upload.ts'

/** What becomes of a batch some of whose files cannot be accepted: nothing of it is, or the others are. */
export const INVALID_FILES = ['refuse', 'skip'] as const
export type InvalidFiles = (typeof INVALID_FILES)[number]

export type AcceptBatchRequest = {
  companyId: CompanyId
  upload: Upload
  invalid: InvalidFiles
  /** How its invoices were issued, where that was offline; when left out, as KSeF's availability has it. */
  offlineMode?: OfflineMode
  strictness: Strictness
  idempotencyKey?: string
  traceparent?: string
}

export type AcceptBatchDependencies = InspectDependencies & StoreDependencies

export type AcceptedBatch = { batch: Batch; refused: RefusedFiles; replayed: boolean }

/** Another's invoice with one of our numbers, accepted between the two readings, is a matter of milliseconds. */
const ROUNDS_MAX = 3

/**
 * Whether a batch may come at all, to be asked before its bytes are taken.
 *
 * @throws FleetError NOT_FOUND, INTEGRATION_MISSING
 */
export async function assertBatchWelcome(
  deps: Pick<CoreDependencies, 'db' | 'environment'>,
  companyId: CompanyId,
): Promise<Company> {
  return deps.db.withCompany(companyId, async (tx) => {
    const company = await tx.companies.get()
    if (company === null) throw new FleetError('NOT_FOUND')
    if ((await tx.integrations.current(deps.environment)) === null)
      throw new FleetError('INTEGRATION_MISSING')
    return company
  })
}

/**
 * Accepts many invoices at once: each is examined as one posted alone is, then all are stored in one transaction, or
 * none. From that commit on none of them is lost.
 *
 * @returns the batch and the files that were left out; `replayed` when the `Idempotency-Key` had brought it before.
 * @throws FleetError NOT_FOUND, INTEGRATION_MISSING, BATCH_INVALID, BATCH_EMPTY, IDEMPOTENCY_KEY_REUSED,
 *   IDEMPOTENCY_IN_PROGRESS, OVERLOADED, and whatever the reading of the upload throws
 */
export async function acceptBatch(
  deps: AcceptBatchDependencies,
  request: AcceptBatchRequest,
): Promise<AcceptedBatch> {
  const { upload, invalid, strictness, idempotencyKey: key, traceparent } = request
  const company = await assertBatchWelcome(deps, request.companyId)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const earlier = await findEarlier(deps, request)
    if (earlier !== null) return replay(deps, { company, request, batch: earlier })
    const at = deps.now()
    const { sound, refused, fingerprint } = await inspectUpload(deps, { company, upload, strictness, at })
    if (sound.length === 0 && refused.count === 0) throw new FleetError('BATCH_EMPTY')
    if (sound.length === 0 || (invalid === 'refuse' && refused.count > 0))
      return replayTwin(deps, { company, request, refused })
    const idempotency = key === undefined ? null : { key, fingerprint: bound(request, fingerprint) }
    const made = { company, upload, sound, at, idempotency, offlineMode: request.offlineMode, traceparent }
    const batch = await storeBatch(deps, made)
    if (batch !== null) return { batch, refused, replayed: false }
  }
  throw new FleetError('OVERLOADED')
}

/** A twin with the same key may have been stored meanwhile: then its invoices are what is in the way. */
async function replayTwin(
  deps: AcceptBatchDependencies,
  { company, request, refused }: { company: Company; request: AcceptBatchRequest; refused: RefusedFiles },
): Promise<AcceptedBatch> {
  const twin = await findEarlier(deps, request)
  if (twin === null) throw refusal(refused)
  return replay(deps, { company, request, batch: twin })
}

const refusal = ({ count, faults }: RefusedFiles): FleetError =>
  new FleetError('BATCH_INVALID', {
    detail: `${count} ${count === 1 ? 'file' : 'files'} cannot be accepted. Nothing was stored.`,
    faults,
    refusedFiles: count,
  })

/** The same documents with another wish are another request. */
const bound = (
  { invalid, strictness, offlineMode }: Pick<AcceptBatchRequest, 'invalid' | 'strictness' | 'offlineMode'>,
  fingerprint: string,
): string =>
  [...(strictness === 'strict' ? ['strict'] : []), invalid, boundToMode(fingerprint, offlineMode)].join(' ')

async function findEarlier(
  deps: AcceptBatchDependencies,
  request: AcceptBatchRequest,
): Promise<Batch | null> {
  const { companyId, upload, idempotencyKey } = request
  if (idempotencyKey === undefined) return null
  const entry = await deps.db.withCompany(companyId, async (tx) => {
    if (!(await tx.idempotency.lock(idempotencyKey))) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
    return tx.idempotency.get(idempotencyKey)
  })
  if (entry === null) return null
  const { batchId } = entry
  if (batchId === null || entry.fingerprint !== bound(request, await fingerprintUpload(upload)))
    throw new FleetError('IDEMPOTENCY_KEY_REUSED')
  const batch = await deps.db.withCompany(companyId, (tx) => tx.batches.get(batchId))
  if (batch === null) throw new Error(`idempotency entry without its batch ${batchId}`)
  return batch
}

/** The files that were left out are found out again: they are not on record, and the upload is here. */
async function replay(
  deps: AcceptBatchDependencies,
  { company, request, batch }: { company: Company; request: AcceptBatchRequest; batch: Batch },
): Promise<AcceptedBatch> {
  if (request.invalid === 'refuse') return { batch, refused: { count: 0, faults: [] }, replayed: true }
  const { upload, strictness } = request
  const again = { company, upload, strictness, at: batch.createdAt, replayOf: batch.id }
  const { refused } = await inspectUpload(deps, again)
  return { batch, refused, replayed: true }
}
