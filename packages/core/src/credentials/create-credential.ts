import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { CredentialId, type Nip } from '../identifiers.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { Credential, CredentialVersion } from './credential.ts'
import { type CredentialOwner, type OwnerStores, withCredentialOwner } from './credential-owner.ts'
import { firstNoticeAt } from './expiry-notice.ts'
import {
  type CredentialPurpose,
  type ReadCredential,
  readCredential,
  type SuppliedCredential,
} from './read-credential.ts'
import { renewAt } from './renewal.ts'

type Deps = Pick<CoreDependencies, 'db' | 'secrets' | 'environment' | 'now' | 'newId'>

export type NewCredential = {
  name: string
  supplied: SuppliedCredential
  /** The fleet renews it before it ends; only certificates can be. */
  autoRenew: boolean
  /** To sign in, when left out. */
  purpose?: CredentialPurpose
}

/** A credential whose secret is stored and whose rows are not written yet. */
export type PreparedCredential = { credential: Credential; version: CredentialVersion }

/**
 * Reads a supplied credential and stores its secret: before the rows, so that a crash between the two leaves a secret that
 * no row points to, never a row without its secret. Whoever prepares either writes the rows or forgets it again.
 *
 * @param owner the company with its NIP, or null for the provider, whose credentials are certificates: a token opens one
 *   context only, which is its company's
 * @throws FleetError CREDENTIAL_UNREADABLE, CREDENTIAL_EXPIRED, CREDENTIAL_NOT_YET_VALID, CREDENTIAL_OFFLINE_TYPE,
 *   CREDENTIAL_NOT_OFFLINE_TYPE, CREDENTIAL_WRONG_CONTEXT, SECRET_UNAVAILABLE, SECRET_BROKEN
 */
export async function prepareCredential(
  deps: Omit<Deps, 'db'>,
  owner: { companyId: Credential['companyId']; context: KsefContext } | null,
  { name, supplied, autoRenew, purpose }: NewCredential,
): Promise<PreparedCredential> {
  const now = deps.now()
  const read = readCredential(supplied, now, purpose)
  assertContext(read, owner?.context ?? null)
  const id = CredentialId.parse(deps.newId())
  const companyId = owner?.companyId ?? null
  const credential: Credential = {
    id,
    companyId,
    environment: deps.environment,
    name,
    kind: read.kind,
    context: read.kind === 'token' ? (owner?.context ?? null) : null,
    secretRef: deps.secrets.newSecretRef(companyId, id),
    state: 'active',
    autoRenew: read.kind === 'certificate' && autoRenew,
    createdAt: now,
    endedAt: null,
  }
  const secretVersion = await deps.secrets.storeSecret(credential, {
    number: 1,
    secret: read.secret,
    stage: 'current',
  })
  return { credential, version: firstVersion(credential, { read, secretVersion, now }) }
}

/** Takes back what `prepareCredential` stored, once it is certain that no row points to it. */
export const forgetPrepared = (
  deps: Pick<Deps, 'secrets'>,
  { credential }: PreparedCredential,
): Promise<void> => deps.secrets.eraseSecret(credential)

/** Of one owner, those that have ended not counted: each is a secret to keep, and one more to sign in with when others fail. */
export const CREDENTIALS_MAX = 20

/**
 * Writes the rows.
 *
 * @throws FleetError CREDENTIAL_EXISTS when the owner has the same certificate or token already, CREDENTIALS_TOO_MANY
 */
export async function writeCredential(
  stores: OwnerStores,
  { credential, version }: PreparedCredential,
  by: { actor: string; requestId?: string },
): Promise<void> {
  await assertNew(stores, version)
  await stores.credentials.insert(credential, version)
  await stores.audit.append({
    ...by,
    action: 'credential.create',
    subject: credential.id,
    outcome: 'ok',
    details: { kind: credential.kind, fingerprint: version.fingerprint },
  })
}

/**
 * Takes in a credential of the provider or of a company. It is tried at once: the company's integration, if it has one, is
 * verified anew; with the provider's, every integration that does not work.
 *
 * @throws FleetError NOT_FOUND, CREDENTIAL_EXISTS, CREDENTIALS_TOO_MANY and what `prepareCredential` throws
 */
export async function createCredential(
  deps: Deps,
  request: NewCredential & { owner: CredentialOwner; actor: string; requestId?: string },
): Promise<PreparedCredential> {
  const { owner } = request
  const context = owner === null ? null : contextOf(await nipOf(deps, owner))
  const prepared = await prepareCredential(
    deps,
    owner === null || context === null ? null : { companyId: owner, context },
    request,
  )
  const by = {
    actor: request.actor,
    ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
  }
  try {
    await withCredentialOwner(deps, owner, async (stores) => {
      await writeCredential(stores, prepared, by)
      await stores.wake(deps.environment, deps.now())
    })
  } catch (error) {
    // A definite refusal left no row; an unknown COMMIT may have, and then the secret must stay.
    if (error instanceof FleetError) await forgetPrepared(deps, prepared)
    throw error
  }
  return prepared
}

const contextOf = (nip: Nip): KsefContext => ({ type: 'Nip', value: nip })

const nipOf = (deps: Pick<Deps, 'db'>, companyId: NonNullable<CredentialOwner>): Promise<Nip> =>
  deps.db.withCompany(companyId, async (tx) => {
    const company = await tx.companies.get()
    if (company === null) throw new FleetError('NOT_FOUND')
    return company.nip
  })

function assertContext({ kind, namedContext }: ReadCredential, context: KsefContext | null): void {
  if (kind !== 'token') return
  if (context === null) {
    throw new FleetError('CREDENTIAL_WRONG_CONTEXT', {
      detail: 'A token opens one context only, its company’s; give it to that company.',
    })
  }
  if (namedContext === null) return
  if (namedContext.type === context.type && namedContext.value === context.value) return
  throw new FleetError('CREDENTIAL_WRONG_CONTEXT')
}

async function assertNew({ credentials }: OwnerStores, version: CredentialVersion): Promise<void> {
  const kept = (await credentials.list()).filter(({ state }) => state !== 'ended')
  if (kept.length >= CREDENTIALS_MAX) throw new FleetError('CREDENTIALS_TOO_MANY')
  for (const { id } of kept) {
    const known = (await credentials.versions(id)).some(
      (one) => one.state !== 'erased' && one.state !== 'failed' && isSame(one, version),
    )
    if (known) throw new FleetError('CREDENTIAL_EXISTS', { existingId: id })
  }
}

const isSame = (one: CredentialVersion, other: CredentialVersion): boolean =>
  (one.fingerprint !== null && one.fingerprint === other.fingerprint) ||
  (one.referenceNumber !== null && one.referenceNumber === other.referenceNumber)

function firstVersion(
  credential: Credential,
  { read, secretVersion, now }: { read: ReadCredential; secretVersion: string; now: Date },
): CredentialVersion {
  return {
    credentialId: credential.id,
    number: 1,
    state: 'active',
    origin: 'supplied',
    secretVersion,
    ...read.facts,
    failure: null,
    nextStepAt: renewAt(credential, read.facts),
    tries: 0,
    nextNoticeAt: firstNoticeAt(read.facts, now),
    createdAt: now,
    activatedAt: now,
    retiredAt: null,
    erasedAt: null,
  }
}
