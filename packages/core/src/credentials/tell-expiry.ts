import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { CredentialId } from '../identifiers.ts'
import { type CredentialOwner, withCredentialOwner } from './credential-owner.ts'
import { dueNotice, nextNoticeAt } from './expiry-notice.ts'

/** Tells the owner that the version that signs in ends soon: once for each of 30, 14, 7 and 1 days, whoever notices it. */
export async function tellExpiry(
  context: DeliveryContext,
  { owner, credentialId, number }: { owner: CredentialOwner; credentialId: CredentialId; number: number },
): Promise<void> {
  const now = context.now()
  const told = await withCredentialOwner(context, owner, async ({ credentials, events, audit }) => {
    const credential = await credentials.get(credentialId)
    const version = await credentials.version(credentialId, number)
    if (credential === null || version?.state !== 'active') return null
    const days = dueNotice(version, now)
    const set = { nextNoticeAt: nextNoticeAt(version, now) }
    await credentials.touchVersion(credentialId, number, { state: 'active', set })
    if (days === null || version.notAfter === null) return null
    const { kind, name, autoRenew } = credential
    const isNew = await events.add({
      type: 'credential.expiring',
      subject: credentialId,
      key: `credential-expiring-${credentialId}-${number}-${days}`,
      data: { days, notAfter: version.notAfter.toISOString(), version: number, kind, name, autoRenew },
    })
    if (!isNew) return null
    await audit.append({
      actor: 'worker',
      action: 'credential.expiring',
      subject: credentialId,
      outcome: 'ok',
      details: { credentialVersion: number, until: version.notAfter.toISOString(), count: days },
    })
    return days
  })
  if (told !== null) context.log.warn({ credentialId, version: number, days: told }, 'credential.expiring')
}
