import type { GrantedPermission } from '@ksef-fleet/ksef'
import type { KsefContext } from './integration.ts'

/** Without I, L, O and U, which people mistake for others (Crockford's Base32). */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS_COUNT = 16

/** A code nobody guesses: 80 bits, in a form that people copy without mistakes. */
export function newGrantCode(randomBytes: (length: number) => Uint8Array): string {
  const letters = [...randomBytes(LETTERS_COUNT)].map((byte) => LETTERS[byte % LETTERS.length])
  const groups = [0, 4, 8, 12].map((start) => letters.slice(start, start + 4).join(''))
  return `FLEET-${groups.join('-')}`
}

/**
 * True when a grant that is in force in this very context carries the code in its description (uprawnienia.md: 5 to 256
 * characters, written by whoever grants). Case, spaces and hyphens are the writer's.
 */
export const carriesGrantCode = (
  grants: readonly GrantedPermission[],
  { grantCode, context }: { grantCode: string; context: KsefContext },
): boolean =>
  grants.some((grant) => isInForce(grant, context) && bare(grant.description).includes(bare(grantCode)))

/** Of the context that is signed in to; a context's list also names what others granted to its owner in theirs. */
export const isInForce = (
  { permissionState, contextIdentifier }: GrantedPermission,
  context: KsefContext,
): boolean =>
  permissionState === 'Active' &&
  (contextIdentifier === undefined ||
    (contextIdentifier.type === context.type && contextIdentifier.value === context.value))

const bare = (text: string): string => text.toUpperCase().replace(/[^0-9A-Z]/g, '')
