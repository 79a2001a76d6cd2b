/**
 * The fleet's way to credentials' secrets. A secret names the company and the context it was made for, and is refused
 * for any other: a wrong reference in the database opens nothing. Values are cached in this process for five minutes and
 * fetched once however many callers wait; a failure is never cached.
 */
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { FleetError } from '../errors.ts'
import type { CompanyId, CredentialId } from '../identifiers.ts'
import type { Credential, KsefContext } from '../integrations/integration.ts'
import { type SecretStore, SecretStoreError } from './secret-store.ts'

/** What signs in to KSeF. */
export type CredentialSecret =
  | { kind: 'certificate'; certificatePem: string; privateKeyPem: Sealed<string> }
  | { kind: 'token'; token: Sealed<string> }

export type KsefSecretManager = {
  /** @throws FleetError SECRET_UNAVAILABLE when the store fails, has no such secret, or has another owner's. */
  getSecret(credential: Credential, owner: SecretOwner): Promise<CredentialSecret>
  /** Stores the secret and answers its reference. @throws FleetError SECRET_UNAVAILABLE */
  storeSecret(credentialId: CredentialId, owner: SecretOwner, secret: CredentialSecret): Promise<string>
  /** Erases the secret for good. @throws FleetError SECRET_UNAVAILABLE */
  eraseSecret(secretRef: string): Promise<void>
}

export type SecretOwner = { companyId: CompanyId; context: KsefContext }

const CACHE_MS = 300_000

const Stored = z.object({
  companyId: z.string(),
  context: z.object({ type: z.string(), value: z.string() }),
  secret: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('certificate'), certificatePem: z.string(), privateKeyPem: z.string() }),
    z.object({ kind: z.literal('token'), token: z.string() }),
  ]),
})
type Stored = z.infer<typeof Stored>

export function createKsefSecretManager(deps: {
  store: SecretStore
  namePrefix: string
  now: () => Date
}): KsefSecretManager {
  const cache = new Map<string, { until: number; value: Promise<Stored> }>()

  const fetchStored = (ref: string): Promise<Stored> => {
    const at = deps.now().getTime()
    const known = cache.get(ref)
    if (known !== undefined && known.until > at) return known.value
    cache.delete(ref) // so that the new entry stands last
    forgetOld(at)
    const value = available(() => deps.store.get(ref)).then(parseStored)
    const entry = { until: at + CACHE_MS, value }
    cache.set(ref, entry)
    value.catch(() => {
      if (cache.get(ref) === entry) cache.delete(ref)
    })
    return value
  }

  /** A secret stays in memory no longer than it is of use. Entries stand in the order in which they end. */
  const forgetOld = (at: number): void => {
    for (const [ref, { until }] of cache) {
      if (until > at) return
      cache.delete(ref)
    }
  }

  return {
    async getSecret(credential, owner) {
      const stored = await fetchStored(credential.secretRef)
      const fits =
        stored.companyId === owner.companyId &&
        stored.context.type === owner.context.type &&
        stored.context.value === owner.context.value
      if (!fits) throw unavailable('the secret belongs to another company or context')
      return unpack(stored)
    },
    async storeSecret(credentialId, owner, secret) {
      const name = [deps.namePrefix, owner.companyId, credentialId].join('/')
      const ref = await available(() => deps.store.put(name, JSON.stringify(pack(owner, secret))))
      cache.delete(ref)
      return ref
    },
    async eraseSecret(secretRef) {
      await available(() => deps.store.erase(secretRef))
      cache.delete(secretRef)
    },
  }
}

function pack(owner: SecretOwner, secret: CredentialSecret): Stored {
  return {
    companyId: owner.companyId,
    context: owner.context,
    secret:
      secret.kind === 'token'
        ? { kind: 'token', token: secret.token.reveal() }
        : {
            kind: 'certificate',
            certificatePem: secret.certificatePem,
            privateKeyPem: secret.privateKeyPem.reveal(),
          },
  }
}

function unpack({ secret }: Stored): CredentialSecret {
  return secret.kind === 'token'
    ? { kind: 'token', token: new Sealed(secret.token) }
    : {
        kind: 'certificate',
        certificatePem: secret.certificatePem,
        privateKeyPem: new Sealed(secret.privateKeyPem),
      }
}

function parseStored(text: string | null): Stored {
  if (text === null) throw unavailable('the secret store has no such secret')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw unavailable('the secret is not JSON') // the parser's own message would quote the value
  }
  const parsed = Stored.safeParse(json)
  if (!parsed.success) throw unavailable('the secret does not have the expected form')
  return parsed.data
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SecretStoreError) throw unavailable(error.message)
    throw error
  }
}

const unavailable = (detail: string) => new FleetError('SECRET_UNAVAILABLE', { detail })
