/** What the server is built from: everything it touches is given, so that a test builds it like `main.ts` does. */
import type { AcceptDependencies, AuditTrail, CoreDependencies } from '@ksef-fleet/core'
import type { FastifyBaseLogger } from 'fastify'
import type { Readiness } from './health.ts'
import type { OpsBoard } from './ops-board.ts'

export type ApiDependencies = CoreDependencies & {
  inspect: AcceptDependencies['inspect']
  /** Signs the cursors of lists. */
  cursorKey: Uint8Array
  log: FastifyBaseLogger
  /** Where uses of keys are told. */
  trail: AuditTrail
  readiness: Readiness
  /** The operators' board over the queues; absent without a password. */
  ops: OpsBoard | null
  /** Failed keys per address and minute before it is told to wait. */
  failedKeysPerMinuteMax: number
  publicUrl: string | null
  trustedProxies: readonly string[]
}
