import type { CompanyId } from '../identifiers.ts'

/** What the fleet tells the world. Written in the transaction of the change it tells of. */
export type FleetEvent = {
  type:
    | 'credential.expiring'
    | 'credential.rotated'
    | 'credential.failed'
    | 'integration.failed'
    | 'integration.active'
    | 'integration.revoked'
  /** Id of what it is about. */
  subject: string
  /** The same happening is written once under its key, however often it is noticed. */
  key: string
  data: Record<string, string | number | boolean | null>
}

export type StoredEvent = FleetEvent & { id: string; companyId: CompanyId | null; at: Date }
