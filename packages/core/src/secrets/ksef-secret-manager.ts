/**
 * The fleet's way to credentials' secrets. Versions are read by their own id, never by a label; what is read must name the
 * credential, owner, context and number it is read for. Values are cached in this process (`secret-cache.ts`) and dropped
 * everywhere when a credential changes: at once by a message, at the latest after five minutes. A refusal of KSeF is no
 * reason to read again: a version never changes, and which one signs in is read from the database at each use.
 */
import type { Credential, CredentialVersion, UsableCredential } from '../credentials/credential.ts'
import { type CredentialExpiry, credentialExpiry } from '../credentials/credential-expiry.ts'
import { type RotationRequest, requestRotation } from '../credentials/request-rotation.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, CredentialId } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import type { FleetDatabase } from '../stores.ts'
import { type CredentialSecret, markOf, packSecret, unpackSecret, versionIdOf } from './credential-secret.ts'
import { labelFaults, numberOf, type SecretAlarm } from './label-faults.ts'
import { type SecretAccess, watchAccess } from './secret-access.ts'
import type { SecretBus } from './secret-bus.ts'
import { createSecretCache, type SecretCacheFigures } from './secret-cache.ts'
import { type SecretStage, type SecretStore, SecretStoreError } from './secret-store.ts'

export type KsefSecretManager = {
  /**
   * @throws FleetError SECRET_UNAVAILABLE when the store fails and nothing is cached: passes by itself;
   *   SECRET_BROKEN when the secret is missing, denied, malformed or another owner's: needs a person
   */
  getSecret(credential: Credential, version: CredentialVersion): Promise<CredentialSecret>
  /** The reference under which a new credential's secret rests. */
  newSecretRef(companyId: CompanyId | null, credentialId: CredentialId): string
  /**
   * Stores the secret of version `number` and answers its `secretVersion`. The same secret again is the same version;
   * another secret for the same number is another version, and the earlier one stays until it is erased. A certificate
   * takes the place of the `key` stored for its enrolment. @throws FleetError SECRET_UNAVAILABLE, SECRET_BROKEN
   */
  storeSecret(credential: Credential, given: NewVersionSecret): Promise<string>
  /** PENDING becomes CURRENT, CURRENT becomes PREVIOUS. Idempotent. @throws as `storeSecret` */
  promoteSecret(credential: Credential, secretVersion: string): Promise<void>
  /** Erases exactly that version; harmless when it is gone. @throws as `storeSecret` */
  eraseVersion(credential: Credential, secretVersion: string): Promise<void>
  /**
   * Erases what was stored for that number and is not `keep`: secrets of tries that were cut off before anything pointed
   * to them. @throws as `storeSecret`
   */
  eraseStrays(credential: Credential, number: number, keep: string | null): Promise<void>
  /** Erases the secret with all versions; harmless when it is gone. @throws as `storeSecret` */
  eraseSecret(credential: Credential): Promise<void>
  /** Forgets what this process has cached of it. */
  dropSecret(credentialId: CredentialId): void
  /** Forgets it in every process, best effort. */
  announceChange(credentialId: CredentialId): Promise<void>
  /** Begins a rotation, see `credentials/request-rotation.ts`. */
  rotateCredentials(request: RotationRequest): Promise<CredentialVersion>
  /** When the version that signs in ends, by the deployment's clock. */
  checkCredentialExpiry(credential: UsableCredential): CredentialExpiry
  /** The provider's credentials that can open the integration's context, certificates first. */
  getProviderCredentialsForIntegration(integration: Integration): Promise<UsableCredential[]>
  figures(): SecretCacheFigures
}

export type NewVersionSecret = { number: number; secret: CredentialSecret; stage: 'pending' | 'current' }

/** In these states a version's secret may be pending; in any other a pending one is read by mistake. */
const IN_ROTATION: ReadonlySet<string> = new Set(['requested', 'staged', 'proved', 'failed'])

type Deps = {
  store: SecretStore
  /** Prefix of secrets' names, so that several fleets share one account. */
  namePrefix: string
  db: FleetDatabase
  now: () => Date
  bus?: SecretBus
  /** Told of everything that reached the store. */
  onAccess?: (access: SecretAccess) => void
  /** Told of labels in the store that contradict the database. */
  onAlarm?: (alarm: SecretAlarm) => void
}

export function createKsefSecretManager(deps: Deps): KsefSecretManager {
  const cache = createSecretCache<CredentialSecret>({
    now: deps.now,
    passes: (error) => error instanceof FleetError && error.code === 'SECRET_UNAVAILABLE',
  })
  const watched = watchAccess(deps)
  const writes = secretWrites(deps, watched)
  deps.bus?.listen({
    changed: (change) => change.of === 'credential' && cache.drop(prefixOf(change.id)),
    missed: () => cache.expire(),
  })

  const getSecret: KsefSecretManager['getSecret'] = (credential, version) =>
    cache.read(`${prefixOf(credential.id)}${version.number}/${version.secretVersion}`, () =>
      watched({ action: 'secret.read', credential, number: version.number }, () =>
        readSecret(deps, credential, version),
      ),
    )

  const manager: KsefSecretManager = {
    getSecret,
    newSecretRef: (companyId, credentialId) =>
      [deps.namePrefix, companyId ?? 'provider', credentialId].join('/'),
    ...writes,
    async eraseVersion(credential, secretVersion) {
      await writes.eraseVersion(credential, secretVersion)
      cache.drop(prefixOf(credential.id))
    },
    async eraseSecret(credential) {
      await writes.eraseSecret(credential)
      cache.drop(prefixOf(credential.id))
    },
    dropSecret: (id) => cache.drop(prefixOf(id)),
    async announceChange(id) {
      cache.drop(prefixOf(id))
      await deps.bus?.publish({ of: 'credential', id })
    },
    rotateCredentials: (request) =>
      requestRotation({ db: deps.db, now: deps.now, secrets: manager }, request),
    checkCredentialExpiry: ({ version }) => credentialExpiry(version, deps.now()),
    async getProviderCredentialsForIntegration(integration) {
      const usable = await deps.db.readCompany(integration.companyId, (reads) =>
        reads.credentials.usable(integration.environment),
      )
      const opening = usable.filter((one) => one.companyId === null && canOpen(one, integration))
      return opening.toSorted((one, other) => one.kind.localeCompare(other.kind))
    },
    figures: cache.figures,
  }
  return manager
}

const prefixOf = (id: CredentialId): string => `${id}/`

/** A certificate opens whatever was granted to its holder; a token only the context it was made in. */
const canOpen = ({ kind, context }: Credential, integration: Integration): boolean =>
  kind === 'certificate' ||
  (context?.type === integration.context.type && context.value === integration.context.value)

async function readSecret(
  deps: Deps,
  credential: Credential,
  version: CredentialVersion,
): Promise<CredentialSecret> {
  const { secretVersion, number, state } = version
  if (secretVersion === null) throw broken('the version has no secret yet')
  const found = await available(() => deps.store.get(credential.secretRef, secretVersion))
  if (found === null) throw broken('the secret store has no such secret')
  if (isPending(found.stages) && !IN_ROTATION.has(state)) {
    deps.onAlarm?.({ credentialId: credential.id, what: 'pending-outside-rotation' })
    throw broken('the secret is pending in the store, but not in a rotation')
  }
  const { companyId, context, id: credentialId } = credential
  const unpacked = unpackSecret(found.value, { credentialId, companyId, context, number })
  if (!unpacked.ok) throw broken(unpacked.why)
  const { kind } = unpacked.secret
  const expected = credential.kind === 'offline-certificate' ? 'certificate' : credential.kind
  if (kind !== expected && !(kind === 'key' && state === 'requested'))
    throw broken('the secret is of another kind than the credential')
  return unpacked.secret
}

const isPending = (stages: readonly SecretStage[]): boolean =>
  stages.includes('pending') && !stages.includes('current')

function secretWrites(
  deps: Deps,
  watched: ReturnType<typeof watchAccess>,
): Pick<KsefSecretManager, 'storeSecret' | 'promoteSecret' | 'eraseVersion' | 'eraseStrays' | 'eraseSecret'> {
  const write = (
    of: Parameters<typeof watched>[0],
    work: (store: SecretStore, ref: string) => Promise<void>,
  ): Promise<void> => watched(of, () => available(() => work(deps.store, of.credential.secretRef)))

  return {
    async storeSecret(credential, { number, secret, stage }) {
      const { companyId, context, id: credentialId, environment } = credential
      const value = packSecret({ credentialId, companyId, context, number }, secret)
      const version = versionIdOf(value)
      await write({ action: 'secret.store', credential, number }, async (store, ref) => {
        const before = stage === 'pending' ? await store.versions(ref) : []
        for (const what of labelFaults(before, number)) deps.onAlarm?.({ credentialId, what })
        const tags = {
          'ksef-fleet:owner': companyId ?? 'provider',
          'ksef-fleet:credential': credentialId,
          'ksef-fleet:environment': environment,
        }
        const mark = markOf(number, secret.kind, version)
        await store.put(ref, { value, version, mark, stage, tags })
        const keys = before.filter((one) => numberOf(one) === number && one.mark?.includes('-key-'))
        if (secret.kind === 'certificate') for (const key of keys) await store.eraseVersion(ref, key.version)
      })
      return version
    },
    promoteSecret: (credential, secretVersion) =>
      write({ action: 'secret.promote', credential, number: null }, (store, ref) =>
        store.promote(ref, secretVersion),
      ),
    eraseVersion: (credential, secretVersion) =>
      write({ action: 'secret.erase', credential, number: null }, (store, ref) =>
        store.eraseVersion(ref, secretVersion),
      ),
    eraseStrays: (credential, number, keep) =>
      write({ action: 'secret.erase', credential, number }, async (store, ref) => {
        for (const one of await store.versions(ref))
          if (numberOf(one) === number && one.version !== keep) await store.eraseVersion(ref, one.version)
      }),
    eraseSecret: (credential) =>
      write({ action: 'secret.erase', credential, number: null }, (store, ref) => store.erase(ref)),
  }
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SecretStoreError)) throw error
    throw error.kind === 'broken'
      ? broken(error.message)
      : new FleetError('SECRET_UNAVAILABLE', { detail: error.message })
  }
}

const broken = (detail: string) => new FleetError('SECRET_BROKEN', { detail })
