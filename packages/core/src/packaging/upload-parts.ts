import type { KsefFailure, PackedPackage, PartUpload } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import type { Session } from '../delivery/session.ts'
import { type Stepped, uploadOwner } from './declare-package.ts'
import type { StoredPart } from './package-store.ts'

/** Uploads spend no limit and may go side by side (sesja-wsadowa.md). */
const AT_ONCE = 4
/** A session so near its end is not begun to be uploaded into, nor closed. */
const END_MARGIN_SECONDS = 30

const Upload = z.object({
  ordinalNumber: z.number(),
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
})

export type Uploading = { session: Session; made: PackedPackage; signal: AbortSignal }

/** Uploads the parts that are not there yet; each that arrived is on record. */
export async function uploadParts(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, made, signal }: Uploading,
): Promise<Stepped> {
  const { companyId, id } = session
  const parts = await context.db.withCompany(companyId, (tx) => tx.packages.parts(id))
  if (!isSame(session, made, parts)) {
    // Another version of Node or zlib made it: these bytes are not those that were declared.
    return { to: 'give-up', why: { code: 'PACKAGE_NOT_THE_SAME', nextAttemptAt: context.now() } }
  }
  const missing = parts.filter(({ uploadedAt }) => uploadedAt === null)
  let stop: Stepped | null = null
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let part = missing.shift(); part !== undefined && stop === null; part = missing.shift()) {
        const stepped: Stepped | null = signal.aborted
          ? { to: 'lost' }
          : await uploadOne(context, ksef, { session, made, part })
        // Of those side by side the first to fail says what follows: one that arrived after it takes none of that back.
        stop ??= stepped
      }
    }),
  )
  return stop ?? { to: 'on', session }
}

const isSame = (session: Session, made: PackedPackage, parts: readonly StoredPart[]): boolean =>
  session.packageHash === made.fileHash &&
  parts.length === made.parts.length &&
  parts.every(({ fileHash }, place) => made.parts[place]?.fileHash === fileHash)

/** Null when it arrived. */
async function uploadOne(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, made, part }: { session: Session; made: PackedPackage; part: StoredPart },
): Promise<Stepped | null> {
  const now = context.now()
  if (session.validUntil !== null && session.validUntil <= addSeconds(now, END_MARGIN_SECONDS))
    return { to: 'give-up', why: { code: 'BATCH_TIME_OVER', nextAttemptAt: now } }
  const upload = uploadOf(context, session, part)
  const body = made.parts.find(({ ordinalNumber }) => ordinalNumber === part.ordinalNumber)
  if (upload === null || body === undefined)
    return { to: 'give-up', why: { code: 'DOCUMENT_CORRUPT', nextAttemptAt: now } }
  const uploaded = await ksef.uploadPart(upload, body)
  if (!uploaded.ok) return afterFailedUpload(context, ksef, { session, failure: uploaded.failure })
  context.streaks.end(streakOf(session))
  const lease = { sessionId: session.id, fence: session.fence }
  const noted = await context.db.withCompany(session.companyId, (tx) =>
    tx.packages.uploaded(lease, part.ordinalNumber),
  )
  return noted ? null : { to: 'lost' }
}

function uploadOf(context: DeliveryContext, session: Session, part: StoredPart): PartUpload | null {
  const plain = context.sealer.open(part.sealedUpload, uploadOwner(session))
  if (plain === null) return null
  const read = Upload.safeParse(JSON.parse(Buffer.from(plain).toString('utf8')))
  return read.success ? read.data : null
}

const streakOf = ({ companyId }: Session): string => `upload ${companyId}`

/**
 * An address that KSeF takes no more ends the session; everything else is tried again until its time is over. Where the next
 * session's address is no better, it is opened later and later.
 */
async function afterFailedUpload(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, failure }: { session: Session; failure: KsefFailure },
): Promise<Stepped> {
  if (failure.kind === 'gone' || failure.kind === 'refused' || failure.kind === 'forbidden') {
    const seconds = waitAt(context.timing.retrySeconds, context.streaks.add(streakOf(session)))
    return { to: 'give-up', why: { code: failure.code, nextAttemptAt: addSeconds(context.now(), seconds) } }
  }
  return { to: 'rest', until: await recordFailure(context, ksef, { failure, tries: session.polls }) }
}
