/** The news that logs have grown, as it goes from workers to those who read them: ids only, and it may be lost. */
import { CompanyId } from '../identifiers.ts'

export const EVENTS_CHANNEL = 'ksef-fleet-events'

const PROVIDER = 'provider'
const EVERYONE = '*'
const NAMED_MAX = 200

/** @param owners null is the provider */
export const writeGrowth = (owners: readonly (CompanyId | null)[]): string =>
  owners.length > NAMED_MAX ? EVERYONE : owners.map((owner) => owner ?? PROVIDER).join(',')

/** Whose logs; null when it may be anyone's. */
export function readGrowth(message: string): ReadonlySet<CompanyId> | null {
  if (message === EVERYONE) return null
  return new Set(
    message.split(',').flatMap((name) => {
      const company = CompanyId.safeParse(name)
      return company.success ? [company.data] : []
    }),
  )
}
