import type { KsefFailure } from '@ksef-fleet/ksef'
import type { UsableCredential } from '../credentials/credential.ts'
import { withCredentialOwner } from '../credentials/credential-owner.ts'
import type { CoreDependencies } from '../dependencies.ts'

/**
 * Notes on a credential's version that KSeF refuses it in every context, so that nobody signs in with it again: not for
 * this company and not for any other it serves. Proving the credential anew, or a rotation, takes the note away.
 */
export async function noteDeadCredential(
  deps: Pick<CoreDependencies, 'db'>,
  { id, companyId, version }: UsableCredential,
  failure: KsefFailure,
): Promise<void> {
  const noted = {
    code: 'CREDENTIAL_REFUSED',
    ...(failure.description === undefined ? {} : { description: failure.description }),
  }
  const details = {
    credentialVersion: version.number,
    code: failure.code,
    ...(failure.exceptionCode === undefined ? {} : { ksefCode: failure.exceptionCode }),
  }
  await withCredentialOwner(deps, companyId, async ({ credentials, audit, events }) => {
    const { state, number } = version
    if (!(await credentials.touchVersion(id, number, { state, set: { failure: noted } }))) return
    const data = { version: number, ...noted }
    const first = await events.add({
      type: 'credential.failed',
      subject: id,
      key: `${id}-${number}-refused`,
      data,
    })
    if (!first) return
    await audit.append({
      actor: 'worker',
      action: 'credential.refuse',
      subject: id,
      outcome: 'failed',
      errorCode: 'CREDENTIAL_REFUSED',
      details,
    })
  })
}
