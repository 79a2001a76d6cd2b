import type { Context, Subject } from '../identity.ts'
import { KsefRefusal } from '../refusal.ts'
import type { World } from '../world.ts'

/** Somebody else, through another program, takes away what a client still relies on. */
export type Revocation =
  /** A KSeF token. */
  | { tokenReferenceNumber: string }
  /** All that a subject was granted in a context; what it owns by law stays. */
  | { context: Context; subject: Subject }
  /** A sign-in with its refresh token. */
  | { authenticationReferenceNumber: string }

/** @throws KsefRefusal 21405 when there is nothing of that name */
export function revoke(world: World, revocation: Revocation): void {
  const now = world.clock.now()
  if ('context' in revocation) {
    world.permissions.revoke(revocation.context, revocation.subject)
    return
  }
  const named =
    'tokenReferenceNumber' in revocation
      ? world.ksefTokens.find(revocation.tokenReferenceNumber)
      : world.authentications.find(revocation.authenticationReferenceNumber)
  if (named === undefined) throw new KsefRefusal(21405, `Nothing to revoke: ${JSON.stringify(revocation)}`)
  named.revokedAt ??= now
}
