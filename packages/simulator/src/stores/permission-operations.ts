import type { Context } from '../identity.ts'
import type { Status } from './authentications.ts'

/** A grant or a revocation on its way: 100 until `readyAt`, then its outcome (OpenAPI, tag "Operacje"). */
export type PermissionOperation = {
  referenceNumber: string
  context: Context
  startDate: Date
  readyAt: Date
  outcome: Status
}

export type PermissionOperationsState = Map<string, PermissionOperation>
