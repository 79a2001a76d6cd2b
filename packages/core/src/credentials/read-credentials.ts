import type { CoreDependencies } from '../dependencies.ts'
import type { CredentialId } from '../identifiers.ts'
import type { Credential, CredentialVersion } from './credential.ts'
import { type CredentialExpiry, credentialExpiry } from './credential-expiry.ts'
import {
  type CredentialOwner,
  type OwnerStores,
  ownCredential,
  withCredentialOwner,
} from './credential-owner.ts'

export type CredentialWithVersions = {
  credential: Credential
  versions: CredentialVersion[]
  /** Of the version that signs in; null when none does. */
  expiry: CredentialExpiry | null
}

type Deps = Pick<CoreDependencies, 'db' | 'now'>

/** The owner's credentials, newest first, whatever their state. @throws FleetError NOT_FOUND for an unknown company */
export const listCredentials = (deps: Deps, owner: CredentialOwner): Promise<CredentialWithVersions[]> =>
  withCredentialOwner(deps, owner, async (stores) => {
    const found: CredentialWithVersions[] = []
    for (const credential of await stores.credentials.list()) {
      found.push(await withVersions(stores, credential, deps.now()))
    }
    return found
  })

/** @throws FleetError NOT_FOUND, also for a credential of another owner */
export const findCredential = (
  deps: Deps,
  named: { owner: CredentialOwner; credentialId: CredentialId },
): Promise<CredentialWithVersions> =>
  withCredentialOwner(deps, named.owner, async (stores) =>
    withVersions(stores, await ownCredential(stores, named.owner, named.credentialId), deps.now()),
  )

async function withVersions(
  { credentials }: OwnerStores,
  credential: Credential,
  now: Date,
): Promise<CredentialWithVersions> {
  const versions = await credentials.versions(credential.id)
  const active = versions.find(({ state }) => state === 'active')
  return { credential, versions, expiry: active === undefined ? null : credentialExpiry(active, now) }
}
