import { KSEF_ERRORS, type KsefErrorCode, type KsefFailure } from '@ksef-fleet/ksef'

/**
 * What a failed sign-in says.
 *
 * credential  the credential itself is dead in every context: revoked, inactive, blocked. Only another one helps.
 * permission  its holder has no permission in this context. Granted again, it signs in again.
 * refused     KSeF does not let it into this context for another reason, which a person must read.
 * passes      nothing: KSeF or the network failed, and it is tried again.
 */
export type MeaningOfRefusal = 'credential' | 'permission' | 'refused' | 'passes'

/** Statuses 450, 460, 470 and 480 of a sign-in, and 21115 (uwierzytelnianie.md): about the credential, not the context. */
const DEAD: ReadonlySet<KsefErrorCode> = new Set([
  'SIGN_IN_TOKEN_REFUSED',
  'SIGN_IN_CERTIFICATE_REFUSED',
  'SIGN_IN_CERTIFICATE_INVALID',
  'SIGN_IN_SUBJECT_DECEASED',
  'SIGN_IN_BLOCKED',
])

export function meaningOfRefusal({ code }: KsefFailure): MeaningOfRefusal {
  if (DEAD.has(code)) return 'credential'
  if (code === 'SIGN_IN_NO_PERMISSION') return 'permission'
  // The user ended this sign-in while it was under way: signing in again and again would look like an attack.
  if (code === 'SIGN_IN_REVOKED') return 'refused'
  const { again, actor } = KSEF_ERRORS[code]
  return again === 'no' && (actor === 'company' || actor === 'operator') ? 'refused' : 'passes'
}
