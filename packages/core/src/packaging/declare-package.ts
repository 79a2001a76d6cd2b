import { KSEF_ERRORS, type KsefFailure, type PackedPackage, type SessionKey } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext } from '../delivery/delivery-context.ts'
import { formOf } from '../delivery/sending-session.ts'
import type { Session } from '../delivery/session.ts'
import type { GivenUp } from './give-up.ts'
import { narrowed } from './narrow.ts'

/** For each declared part KSeF gives so long for uploading and closing (sesja-wsadowa.md). */
const SECONDS_PER_PART = 20 * 60

/**
 * What came of a step of a package.
 *
 * on       the next step may follow.
 * rest     not now; it goes on then from where it is.
 * give-up  this session comes to nothing.
 * lost     another worker drives it.
 */
export type Stepped =
  | { to: 'on'; session: Session }
  | { to: 'rest'; until: Date }
  | { to: 'give-up'; why: GivenUp }
  | { to: 'lost' }

/**
 * Opens a session for the package. When the answer is lost it is opened again: the first one, of which nobody knows where its
 * parts go, can only run out.
 */
export async function declarePackage(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, made, key }: { session: Session; made: PackedPackage; key: SessionKey },
): Promise<Stepped> {
  const formCode = formOf(session.formCode)
  const declared = session.offline ? { offlineMode: true } : {}
  const opened = await ksef.openBatch({ formCode, key, package: made, ...declared })
  if (!opened.ok) return afterRefusal(context, ksef, { session, failure: opened.failure })
  const { id, companyId, fence } = session
  const { referenceNumber, partUploads } = opened.value
  const uploads = new Map(partUploads.map((upload) => [upload.ordinalNumber, upload]))
  const parts = made.parts.map(({ ordinalNumber, fileSize, fileHash }) => {
    const sealedUpload = context.sealer.seal(
      Buffer.from(JSON.stringify(uploads.get(ordinalNumber) ?? null), 'utf8'),
      uploadOwner(session),
    )
    return { ordinalNumber, fileSize, fileHash, sealedUpload }
  })
  if (uploads.size !== parts.length || parts.some(({ ordinalNumber }) => !uploads.has(ordinalNumber))) {
    const nextAttemptAt = addSeconds(context.now(), SECONDS_PER_PART / 20)
    return { to: 'give-up', why: { code: 'KSEF_UNKNOWN_ANSWER', nextAttemptAt } }
  }
  const validUntil = addSeconds(context.now(), SECONDS_PER_PART * parts.length)
  const set = { referenceNumber, validUntil, parts, packageSize: made.fileSize, packageHash: made.fileHash }
  const known = await context.db.withCompany(companyId, async (tx) =>
    (await tx.packages.opened({ sessionId: id, fence }, set)) ? tx.sessions.get(id) : null,
  )
  return known === null ? { to: 'lost' } : { to: 'on', session: known }
}

export const uploadOwner = ({ companyId, id }: Pick<Session, 'companyId' | 'id'>) => [
  'part-upload',
  companyId,
  id,
]

/** What passes by itself keeps the package; what closes the context, or refuses this very package, gives it up. */
async function afterRefusal(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, failure }: { session: Session; failure: KsefFailure },
): Promise<Stepped> {
  const until = await recordFailure(context, ksef, { failure, tries: session.polls })
  const { again, actor } = KSEF_ERRORS[failure.code]
  // A refusal for a reason nobody knows may be this package's own, and would be repeated for ever.
  const isUnknown = failure.code === 'KSEF_UNKNOWN_CODE'
  if (again !== 'no' && !isUnknown) return { to: 'rest', until }
  const why = { code: failure.code, nextAttemptAt: until }
  if (!isUnknown && (actor === 'company' || actor === 'operator')) return { to: 'give-up', why }
  const packageMax = await narrowedFor(context, session)
  return { to: 'give-up', why: { ...why, packageMax } }
}

/** All invoices of a package are of one group, and so have the same limit. */
export async function narrowedFor(context: DeliveryContext, session: Session): Promise<number | null> {
  const packed = await context.db.withCompany(session.companyId, (tx) =>
    tx.packages.submissions(session.id, ['packed']),
  )
  return narrowed(Math.max(1, packed.length), packed[0]?.packageMax ?? null)
}
