import { isConflict } from '../database-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, CredentialId } from '../identifiers.ts'
import type { CompanyTransaction, SystemTransaction } from '../stores.ts'
import { assertSignsIn, type Credential, type CredentialVersion } from './credential.ts'
import { type ReadCredential, readCredential, type SuppliedCredential } from './read-credential.ts'

/** supplied: the owner gives the successor. generated, enrolled: KSeF is asked for a token, or for a certificate. */
export type Successor =
  | { origin: 'supplied'; credential: SuppliedCredential }
  | { origin: 'generated' }
  | { origin: 'enrolled' }

export type RotationRequest = {
  /** Whose credential; null: the provider's. */
  owner: CompanyId | null
  credentialId: CredentialId
  successor: Successor
  actor: string
  requestId?: string
}

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'secrets'>
type Rows = Pick<CompanyTransaction | SystemTransaction, 'credentials' | 'audit'>

const ON_THE_WAY: ReadonlySet<string> = new Set(['requested', 'staged', 'proved'])

/**
 * Begins a rotation: version n+1 stands beside the active one, which goes on signing in until the new one is proved. The
 * secret goes to the store first, pending, then the row commits with its first step due at once: a crash between the two
 * leaves a secret that no row points to, never a row without its secret.
 *
 * @returns the new version, `staged` when supplied and `requested` otherwise
 * @throws FleetError NOT_FOUND, CREDENTIAL_ENDED, CREDENTIAL_WRONG_KIND, CREDENTIAL_WRONG_CONTEXT, CREDENTIAL_UNCHANGED,
 *   CREDENTIAL_UNREADABLE, CREDENTIAL_EXPIRED, ROTATION_UNDER_WAY, SECRET_UNAVAILABLE, SECRET_BROKEN
 */
export async function requestRotation(deps: Deps, request: RotationRequest): Promise<CredentialVersion> {
  const { successor } = request
  const supplied = successor.origin === 'supplied' ? readCredential(successor.credential, deps.now()) : null
  const { credential, versions } = await asOwner(deps, request, (tx) => readOwn(tx, request))
  assertKind(credential, successor, supplied)
  if (supplied === null) assertNoneOnTheWay(versions)
  else await assertNew(deps, credential, { supplied, versions })

  const number = Math.max(0, ...versions.map((one) => one.number)) + 1
  const secretVersion =
    supplied === null
      ? null
      : await deps.secrets.storeSecret(credential, { number, secret: supplied.secret, stage: 'pending' })
  const version = successorOf(credential, {
    number,
    origin: successor.origin,
    secretVersion,
    supplied,
    at: deps.now(),
  })
  try {
    await asOwner(deps, request, async (tx) => {
      const present = await tx.credentials.get(credential.id)
      if (present?.state !== 'active') throw new FleetError('CREDENTIAL_ENDED')
      await tx.credentials.insertVersion(version)
      await tx.audit.append({
        actor: request.actor,
        action: 'credential.rotate',
        subject: credential.id,
        outcome: 'ok',
        ...(request.requestId === undefined ? {} : { requestId: request.requestId }),
        details: {
          credentialVersion: number,
          origin: version.origin,
          fingerprint: version.fingerprint,
          serialNumber: version.serialNumber,
        },
      })
    })
  } catch (error) {
    const isRefused = isConflict(error) || error instanceof FleetError
    // A definite refusal left no row; an unknown COMMIT may have, and then the secret must stay.
    if (isRefused && secretVersion !== null) await deps.secrets.eraseVersion(credential, secretVersion)
    throw isConflict(error) ? new FleetError('ROTATION_UNDER_WAY') : error
  }
  return version
}

const asOwner = <T>(deps: Deps, { owner }: RotationRequest, work: (tx: Rows) => Promise<T>): Promise<T> =>
  owner === null ? deps.db.asSystem('rotate-credentials', work) : deps.db.withCompany(owner, work)

async function readOwn(
  tx: Rows,
  { credentialId, owner }: RotationRequest,
): Promise<{ credential: Credential; versions: CredentialVersion[] }> {
  const credential = await tx.credentials.get(credentialId)
  // A company sees the provider's credentials, but they are not its own to rotate.
  if (credential === null || credential.companyId !== owner) throw new FleetError('NOT_FOUND')
  if (credential.state !== 'active') throw new FleetError('CREDENTIAL_ENDED')
  assertSignsIn(credential)
  return { credential, versions: await tx.credentials.versions(credentialId) }
}

function assertKind(credential: Credential, successor: Successor, supplied: ReadCredential | null): void {
  const kind = supplied?.kind ?? (successor.origin === 'generated' ? 'token' : 'certificate')
  if (kind !== credential.kind) throw new FleetError('CREDENTIAL_WRONG_KIND')
  const named = supplied?.namedContext ?? null
  if (named === null || credential.context === null) return
  if (named.type !== credential.context.type || named.value !== credential.context.value)
    throw new FleetError('CREDENTIAL_WRONG_CONTEXT')
}

function assertNoneOnTheWay(versions: readonly CredentialVersion[]): void {
  const other = versions.find(({ state }) => ON_THE_WAY.has(state))
  if (other === undefined) return
  throw new FleetError('ROTATION_UNDER_WAY', { detail: `Version ${other.number} is ${other.state}.` })
}

/** What signs in now is no successor of itself: at the end of the rotation it would be revoked. */
async function assertNew(
  deps: Deps,
  credential: Credential,
  { supplied, versions }: { supplied: ReadCredential; versions: readonly CredentialVersion[] },
): Promise<void> {
  const { fingerprint, referenceNumber } = supplied.facts
  // One that failed may be tried again: what it lacked may have been granted since.
  const inUse = versions.filter(({ state }) => state !== 'failed' && state !== 'erased')
  const isKnown = inUse.some(
    (one) =>
      (fingerprint !== null && one.fingerprint === fingerprint) ||
      (referenceNumber !== null && one.referenceNumber === referenceNumber),
  )
  if (isKnown || (await isActiveToken(deps, credential, { supplied, versions })))
    throw new FleetError('CREDENTIAL_UNCHANGED')
}

async function isActiveToken(
  deps: Deps,
  credential: Credential,
  { supplied, versions }: { supplied: ReadCredential; versions: readonly CredentialVersion[] },
): Promise<boolean> {
  const active = versions.find(({ state }) => state === 'active')
  // A token that tells its reference number was compared by that; and a lost secret is no obstacle to a new one.
  if (supplied.secret.kind !== 'token' || supplied.facts.referenceNumber !== null || active === undefined)
    return false
  try {
    const present = await deps.secrets.getSecret(credential, active)
    return present.kind === 'token' && present.token.equals(supplied.secret.token)
  } catch (error) {
    if (error instanceof FleetError && error.code === 'SECRET_BROKEN') return false
    throw error
  }
}

function successorOf(
  credential: Credential,
  made: {
    number: number
    origin: CredentialVersion['origin']
    secretVersion: string | null
    supplied: ReadCredential | null
    at: Date
  },
): CredentialVersion {
  return {
    credentialId: credential.id,
    number: made.number,
    state: made.supplied === null ? 'requested' : 'staged',
    origin: made.origin,
    secretVersion: made.secretVersion,
    referenceNumber: null,
    serialNumber: null,
    fingerprint: null,
    subject: null,
    notBefore: null,
    notAfter: null,
    ...made.supplied?.facts,
    failure: null,
    nextStepAt: made.at,
    tries: 0,
    nextNoticeAt: null,
    createdAt: made.at,
    activatedAt: null,
    retiredAt: null,
    erasedAt: null,
  }
}
