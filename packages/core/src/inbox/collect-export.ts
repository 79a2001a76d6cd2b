import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type DownloadedPackage,
  type ExportPackage,
  ExportPackageError,
  type ExportStatus,
  readExportPackage,
  removePackage,
} from '@ksef-fleet/ksef'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { packageDirectory } from '../packaging/spool.ts'
import { afterCall } from './after-call.ts'
import { compareAudit } from './audit-window.ts'
import { type InspectedPackage, inspectPackage } from './inspect-package.ts'
import { type Advance, advanceOf } from './next-window.ts'
import { abandon, keyOfExport } from './order-export.ts'
import { type Came, moveOn, storeReceived } from './store-received.ts'
import type { KsefExport } from './sync-state.ts'
import { LostSync, leaseOf, type NewlyMissing, type Stepped, type Syncing } from './syncing.ts'

/** Links, hosts and disks may fail; what fails so often is ordered anew. */
const FETCHES_MAX = 3

export type Collecting = { underWay: KsefExport; made: ExportPackage; status: ExportStatus }

/** Fetches a package, proves it, and stores what is in it together with everything that follows from it. */
export async function collectExport(
  context: DeliveryContext,
  at: Syncing,
  collecting: Collecting,
): Promise<Stepped> {
  const { underWay, made } = collecting
  const { state } = at
  const advance = advanceOf({ from: underWay.windowFrom, to: underWay.windowTo }, made)
  if (!advance.ok) return refuse(context, at, { underWay, code: advance.code })
  const key = keyOfExport(context.sealer, state.companyId, underWay)
  if (key === null) return refuse(context, at, { underWay, code: 'SESSION_KEY_LOST' })
  const directory = packageDirectory(context, { id: underWay.id, fence: state.fence })
  try {
    const fetched = await fetchParts(context, at, { collecting, directory })
    if ('to' in fetched) return fetched
    const { compressionType = underWay.compression } = collecting.status
    const { invoiceCount } = made
    const downloaded = { parts: fetched.parts, key, compressionType, invoiceCount }
    return await take(context, at, { ...collecting, downloaded, advance })
  } catch (error) {
    if (at.signal.aborted) return { to: 'lost' }
    if (!(error instanceof ExportPackageError)) throw error
    return refuse(context, at, { underWay, code: error.code, fileName: error.fileName })
  } finally {
    await removePackage(directory)
  }
}

/** Nothing of it is kept, and the window is asked for again. */
async function refuse(
  context: DeliveryContext,
  { state }: Syncing,
  { underWay, code, fileName }: { underWay: KsefExport; code: string; fileName?: string | undefined },
): Promise<Stepped> {
  if (!(await abandon(context, state, { id: underWay.id, code }))) return { to: 'lost' }
  const { integrationId, subjectType } = state
  context.log.error(
    { integrationId, subjectType, code, referenceNumber: underWay.referenceNumber },
    'export.refused',
  )
  return { to: 'failed', code, ...(fileName === undefined ? {} : { description: `the file ${fileName}` }) }
}

async function fetchParts(
  context: DeliveryContext,
  at: Syncing,
  { collecting, directory }: { collecting: Collecting; directory: string },
): Promise<Pick<DownloadedPackage, 'parts'> | Stepped> {
  const { made, underWay } = collecting
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const parts: DownloadedPackage['parts'][number][] = []
  for (const part of made.parts) {
    at.signal.throwIfAborted()
    const path = join(directory, `part-${part.ordinalNumber}.aes`)
    const fetched = await at.ksef.downloadExportPart(part, path)
    if (!fetched.ok) {
      const counted = await context.db.withCompany(at.state.companyId, (tx) =>
        tx.inbox.counted(leaseOf(at.state), underWay.id, 'fetches'),
      )
      if (!counted) return { to: 'lost' }
      const after = await afterCall(context, at, fetched.failure)
      // Asking for the status again makes new links.
      return underWay.fetches + 1 < FETCHES_MAX
        ? after
        : refuse(context, at, { underWay, code: fetched.failure.code })
    }
    parts.push({ ...part, path })
  }
  return { parts }
}

type Taking = Collecting & { downloaded: DownloadedPackage; advance: Extract<Advance, { ok: true }> }

async function take(context: DeliveryContext, at: Syncing, taking: Taking): Promise<Stepped> {
  const { made, underWay } = taking
  const inspected = made.parts.length === 0 ? NOTHING : await inspectPackage(taking.downloaded, at.signal)
  if (inspected.listed.size !== made.invoiceCount)
    return refuse(context, at, { underWay, code: 'EXPORT_COUNT_DIFFERS' })
  if (underWay.purpose === 'audit') {
    const { windowFrom } = underWay
    return compareAudit(context, at, {
      id: underWay.id,
      listed: [...inspected.listed.values()],
      windowFrom,
      to: taking.advance.to,
    })
  }
  await store(context, at, { ...taking, inspected })
  return { to: 'stored' }
}

const NOTHING: InspectedPackage = {
  listed: new Map(),
  hashes: new Map(),
  absent: [],
  differing: [],
  unlisted: [],
}

/** One transaction: documents, their entries and events, what is missing, the proved window and the continuation point. */
async function store(
  context: DeliveryContext,
  { state, signal }: Syncing,
  { underWay, downloaded, advance, inspected }: Taking & { inspected: InspectedPackage },
): Promise<void> {
  const { listed } = inspected
  const missing = missingOf(context, inspected)
  await context.db.withCompany(state.companyId, async (tx) => {
    const came = listed.size === 0 ? [] : documentsOf(downloaded, { inspected, signal })
    const added = await storeReceived(context, tx, { state, came })
    const window = {
      from: underWay.windowFrom,
      to: advance.to,
      source: 'export',
      listed: listed.size,
      added,
    } as const
    const result = { invoiceCount: listed.size, missingCount: missing.length, windowTo: advance.to }
    if (!(await tx.inbox.done(leaseOf(state), underWay.id, result))) throw new LostSync()
    await tx.inbox.addMissing(leaseOf(state), missing)
    await moveOn(context, tx, { state, window, isWhole: advance.isWhole, isMissing: missing.length > 0 })
  })
  const { integrationId, subjectType } = state
  context.log.info(
    { integrationId, subjectType, count: listed.size, missing: missing.length },
    'sync.window-stored',
  )
}

/**
 * The second reading: each document is the one that was hashed and compared, for the parts are proved again by their own hashes
 * before the transaction ends. What is not listed, or differs from the list, is passed over.
 */
async function* documentsOf(
  downloaded: DownloadedPackage,
  { inspected, signal }: { inspected: InspectedPackage; signal: AbortSignal },
): AsyncGenerator<Came> {
  for await (const file of readExportPackage(downloaded, { metadata: false })) {
    signal.throwIfAborted()
    if (file.kind !== 'invoice') continue
    const { ksefNumber, content } = file
    const [hash, listed] = [inspected.hashes.get(ksefNumber), inspected.listed.get(ksefNumber)]
    if (hash !== undefined && listed !== undefined) yield { ksefNumber, content, listed, hash }
  }
}

function missingOf(context: DeliveryContext, { absent, differing }: InspectedPackage): NewlyMissing[] {
  const foundAt = context.now()
  const as = (code: string) => (one: InspectedPackage['absent'][number]) => ({
    ksefNumber: one.ksefNumber,
    invoiceHash: one.invoiceHash,
    permanentStorageDate: one.permanentStorageDate ?? null,
    code,
    foundAt,
  })
  return [...absent.map(as('DOCUMENT_MISSING')), ...differing.map(as('DOCUMENT_DIFFERS'))]
}
