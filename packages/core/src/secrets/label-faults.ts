import type { CredentialId } from '../identifiers.ts'
import type { StoredVersion } from './secret-store.ts'

/**
 * Labels in the secret store that contradict the database: somebody else writes there, or a rotation was torn off.
 *
 * pending-left-behind       a version of an earlier rotation is still pending.
 * no-current                there are versions, and none is current.
 * foreign-version           a version the fleet did not write; it is never read.
 * pending-outside-rotation  the version that is to sign in is pending in the store; it was not used.
 */
export type LabelFault = 'pending-left-behind' | 'no-current' | 'foreign-version' | 'pending-outside-rotation'

export type SecretAlarm = { credentialId: CredentialId; what: LabelFault }

/** The number of ours that the version's mark tells; null for one we did not write. */
export function numberOf({ mark }: Pick<StoredVersion, 'mark'>): number | null {
  const digits = mark === null ? undefined : /^fleet-v(\d+)-/.exec(mark)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** What is wrong with the labels before version `number` is staged beside the others. */
export function labelFaults(stored: readonly StoredVersion[], number: number): LabelFault[] {
  const others = stored.filter((one) => numberOf(one) !== number)
  const faults: (LabelFault | false)[] = [
    others.some((one) => one.stages.includes('pending') && !one.stages.includes('current')) &&
      'pending-left-behind',
    others.length > 0 && !stored.some((one) => one.stages.includes('current')) && 'no-current',
    stored.some((one) => one.mark === null) && 'foreign-version',
  ]
  return faults.filter((one) => one !== false)
}
