import { FORMS, newSessionKey, type SessionKey, type SystemCode, sessionKeyOf } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import type { GroupKey } from '../dispatch/pending-group.ts'
import { type CompanyId, SessionId } from '../identifiers.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { isHeldBack } from './after-failure.ts'
import { recordFailure } from './company-access.ts'
import { addSeconds, type DeliveryContext } from './delivery-context.ts'
import type { Session } from './session.ts'
import { waitToSend } from './wait-to-send.ts'

/** A session this close to its end takes no new invoice. */
export const SESSION_END_MARGIN_SECONDS = 300
const KEY_BYTES = 32

export type OpenSession = { session: Session & { referenceNumber: string }; key: SessionKey }

/**
 * The open session of that form, opened now when there is none. Its row and sealed key are committed before the request
 * leaves: a session whose answer is lost is abandoned empty, which KSeF forgives, and never used without its key. One that
 * was opened under another credential, or another version of it, takes nothing any more: it is finished under its own.
 *
 * @returns none: nothing of the group is due any more, so none was opened; stopped: another worker is opening one, or KSeF did
 * not let us, and the cause is recorded
 */
export async function openSendingSession(
  context: DeliveryContext,
  ksef: CompanyKsef,
  group: GroupKey,
): Promise<OpenSession | 'none' | 'stopped'> {
  const { formCode } = group
  const current = await context.db.withCompany(ksef.companyId, async (tx) => {
    const found = await tx.sessions.current(context.environment, formCode)
    if (found?.state === 'opening') {
      if (!(await tx.sessions.isLeaseOver(found.id))) return 'being-opened'
      await tx.sessions.move(found.id, { from: 'opening', to: 'abandoned', set: lookForOrphan(context) })
      return null
    }
    const over = found === null || isEnding(found, context.now()) || !isUnder(found, ksef)
    const usable = over ? null : withKey(context.sealer, found)
    if (found === null || usable !== null) return usable
    // Near its end, of another credential, or sealed under a master key that is gone: it takes no invoice any more.
    await tx.sessions.move(found.id, { from: 'open', to: 'closing', set: { nextPollAt: context.now() } })
    return null
  })
  if (current === 'being-opened') return 'stopped'
  return current ?? open(context, ksef, group)
}

/** KSeF may have opened it all the same: in a while, when lists lag no more, it is looked for (`find-orphan`). */
export const lookForOrphan = (context: DeliveryContext): Pick<Session, 'nextPollAt'> => ({
  nextPollAt: addSeconds(context.now(), context.timing.orphanSeconds),
})

export const isEnding = (session: Session, now: Date): boolean =>
  session.validUntil !== null && session.validUntil <= addSeconds(now, SESSION_END_MARGIN_SECONDS)

/** A session from before versions were kept is anybody's of the company. */
const isUnder = (session: Session, { credential }: CompanyKsef): boolean =>
  session.credentialId === null ||
  (session.credentialId === credential.id && session.credentialVersion === credential.version.number)

async function open(
  context: DeliveryContext,
  ksef: CompanyKsef,
  group: GroupKey,
): Promise<OpenSession | 'none' | 'stopped'> {
  const { companyId, credential } = ksef
  const { formCode } = group
  const streak = `open ${ksef.integration.id}`
  const id = SessionId.parse(context.newId())
  const key = newSessionKey(context.randomBytes)
  const begun = await context.db.withCompany(companyId, async (tx) => {
    // Since the plan was made, another worker may have sent everything and closed its session.
    if (!(await tx.submissions.isAnyDue(context.environment, group))) return 'none'
    const inserted = await tx.sessions.insertOpening({
      id,
      environment: context.environment,
      formCode,
      sealedKey: sealKey(context.sealer, { companyId, id }, key),
      credentialId: credential.id,
      credentialVersion: credential.version.number,
      leaseSeconds: context.timing.openLeaseSeconds,
    })
    return inserted ? 'begun' : 'stopped'
  })
  if (begun !== 'begun') return begun
  const opened = await ksef.openSession({ formCode: formOf(formCode), key })
  if (!opened.ok) {
    await context.db.withCompany(companyId, (tx) =>
      tx.sessions.move(id, {
        from: 'opening',
        to: 'abandoned',
        ...(opened.failure.effect === 'unknown' ? { set: lookForOrphan(context) } : {}),
      }),
    )
    const { failure } = opened
    const tries = isHeldBack(failure) ? 0 : context.streaks.add(streak)
    const until = await recordFailure(context, ksef, { failure, tries })
    // Nothing of this company can be sent without a session, so none is tried again before.
    await waitToSend(context, ksef, { failure, until })
    return 'stopped'
  }
  context.streaks.end(streak)
  return context.db.withCompany(companyId, async (tx) => {
    const { referenceNumber, validUntil } = opened.value
    const at = context.now()
    const set = { referenceNumber, validUntil, openedAt: at, lastUsedAt: at, leaseUntil: null }
    // False when this worker slept past its lease: the session stays empty and nobody uses it.
    const moved = await tx.sessions.move(id, { from: 'opening', to: 'open', set })
    const session = moved ? await tx.sessions.get(id) : null
    return (session === null ? null : withKey(context.sealer, session)) ?? 'stopped'
  })
}

export function formOf(formCode: string) {
  if (!(formCode in FORMS)) throw new Error(`a stored submission has the unknown form ${formCode}`)
  return FORMS[formCode as SystemCode].code
}

/** Null when its key does not open. */
function withKey(sealer: Sealer, session: Session): OpenSession | null {
  const { referenceNumber } = session
  if (referenceNumber === null) throw new Error(`open session ${session.id} without its reference number`)
  const key = keyOf(sealer, session)
  return key === null ? null : { session: { ...session, referenceNumber }, key }
}

/** The key of a stored session; null when it was sealed under a master key that is gone. */
export function keyOf(sealer: Sealer, session: Session): SessionKey | null {
  const plain = sealer.open(session.sealedKey, ownerOf(session))
  return plain === null ? null : sessionKeyOf(plain.subarray(0, KEY_BYTES), plain.subarray(KEY_BYTES))
}

export function sealKey(
  sealer: Sealer,
  owner: { companyId: CompanyId; id: SessionId },
  key: SessionKey,
): string {
  return sealer.seal(
    Buffer.concat([key.cipherKey.reveal(), key.initializationVector.reveal()]),
    ownerOf(owner),
  )
}

const ownerOf = (session: { companyId: CompanyId; id: SessionId }) => [
  'session-key',
  session.companyId,
  session.id,
]
