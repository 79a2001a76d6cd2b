/** What the server is built from: everything it touches is given, so that a test builds it like `main.ts` does. */
import type {
  AcceptBatchDependencies,
  AcceptDataDependencies,
  AcceptDependencies,
  AuditTrail,
  CoreDependencies,
  DestinationPolicy,
  RateBudget,
  Sealer,
  ValidateDependencies,
} from '@ksef-fleet/core'
import type { FastifyBaseLogger } from 'fastify'
import type { Readiness } from './health.ts'
import type { OpsBoard } from './ops-board.ts'
import type { Printer } from './paper-printing.ts'
import type { EventStreams } from './streams/event-streams.ts'
import type { Uploads } from './uploads/uploads.ts'

export type ApiDependencies = CoreDependencies & {
  inspect: AcceptDependencies['inspect']
  inspectData: AcceptDataDependencies['inspectData']
  inspectMany: AcceptBatchDependencies['inspectMany']
  composeMany: AcceptBatchDependencies['composeMany']
  check: ValidateDependencies['check']
  print: Printer['print']
  /** Host of the pages that QR codes lead to. */
  qrBaseUrl: string
  /** Where the bodies of batches are kept while they are read. */
  uploads: Uploads
  /** Signs the cursors of lists. */
  cursorKey: Uint8Array
  log: FastifyBaseLogger
  /** Where uses of keys are told. */
  trail: AuditTrail
  /** What the workers have counted of KSeF's limits. */
  budget: Pick<RateBudget, 'peek'>
  /** Seals the secrets of webhooks. */
  sealer: Sealer
  /** Where webhooks may lead. */
  destinations: DestinationPolicy
  streams: EventStreams
  readiness: Readiness
  /** The operators' board over the queues; absent without a password. */
  ops: OpsBoard | null
  /** Failed keys per address and minute before it is told to wait. */
  failedKeysPerMinuteMax: number
  publicUrl: string | null
  trustedProxies: readonly string[]
}
