/**
 * A credential's secret and the form in which it rests. What is stored names the credential, its owner, its context and the
 * version's number, and all of them must fit before it is used: a wrong reference in the database opens nothing.
 */
import { createHash } from 'node:crypto'
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { Credential } from '../credentials/credential.ts'

/** What signs in to KSeF; or a key whose certificate KSeF is being asked for. */
export type CredentialSecret =
  | { kind: 'certificate'; certificatePem: string; privateKeyPem: Sealed<string> }
  | { kind: 'token'; token: Sealed<string> }
  | { kind: 'key'; privateKeyPem: Sealed<string> }

/** Of whom a stored secret says that it is. */
export type SecretOwner = Pick<Credential, 'companyId' | 'context'> & {
  credentialId: Credential['id']
  number: number
}

const Stored = z.object({
  credentialId: z.string(),
  companyId: z.string().nullable(),
  context: z.object({ type: z.string(), value: z.string() }).nullable(),
  number: z.number(),
  secret: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('certificate'),
      certificatePem: z.string().min(1),
      privateKeyPem: z.string().min(1),
    }),
    z.object({ kind: z.literal('token'), token: z.string().min(1) }),
    z.object({ kind: z.literal('key'), privateKeyPem: z.string().min(1) }),
  ]),
})

/** The text that rests in the secret store. */
export function packSecret(owner: SecretOwner, secret: CredentialSecret): string {
  const { credentialId, companyId, context, number } = owner
  const stored: z.infer<typeof Stored> = {
    credentialId,
    companyId,
    context,
    number,
    secret: revealed(secret),
  }
  return JSON.stringify(stored)
}

function revealed(secret: CredentialSecret): z.infer<typeof Stored>['secret'] {
  if (secret.kind === 'token') return { kind: 'token', token: secret.token.reveal() }
  const privateKeyPem = secret.privateKeyPem.reveal()
  return secret.kind === 'key'
    ? { kind: 'key', privateKeyPem }
    : { kind: 'certificate', certificatePem: secret.certificatePem, privateKeyPem }
}

/** The secret, or why it cannot be used, in words without any of it. */
export function unpackSecret(
  text: string,
  owner: SecretOwner,
): { ok: true; secret: CredentialSecret } | { ok: false; why: string } {
  const parsed = Stored.safeParse(parse(text))
  if (!parsed.success) return { ok: false, why: 'the secret does not have the expected form' }
  const { secret, ...stored } = parsed.data
  if (!isOf(stored, owner))
    return { ok: false, why: 'the secret belongs to another company, context, credential or version' }
  return { ok: true, secret: sealed(secret) }
}

function isOf(stored: Omit<z.infer<typeof Stored>, 'secret'>, owner: SecretOwner): boolean {
  return (
    stored.credentialId === owner.credentialId &&
    stored.companyId === owner.companyId &&
    stored.number === owner.number &&
    stored.context?.type === owner.context?.type &&
    stored.context?.value === owner.context?.value
  )
}

function sealed(secret: z.infer<typeof Stored>['secret']): CredentialSecret {
  if (secret.kind === 'token') return { kind: 'token', token: new Sealed(secret.token) }
  const privateKeyPem = new Sealed(secret.privateKeyPem)
  return secret.kind === 'key'
    ? { kind: 'key', privateKeyPem }
    : { kind: 'certificate', certificatePem: secret.certificatePem, privateKeyPem }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the parser's own message would quote the value
  }
}

/**
 * The id of a version follows from what it holds: storing the same secret for the same number again is the same version, and
 * another secret is another version, so that nothing is ever overwritten. Keys and tokens have too much chance in them for
 * the digest to tell anything of them.
 */
export const versionIdOf = (packed: string): string => createHash('sha256').update(packed).digest('hex')

/** Our label on a version in the store: a person sees which of our versions it is, and what kind of secret. */
export const markOf = (number: number, kind: CredentialSecret['kind'], versionId: string): string =>
  `fleet-v${number}-${kind}-${versionId.slice(0, 12)}`
