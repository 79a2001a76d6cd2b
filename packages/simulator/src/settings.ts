import type { Fault } from './control/faults.ts'
import type { LimitProfile } from './limits/allowances.ts'
import type { ProcessingDelays } from './processing-delays.ts'
import { RETRIEVAL_BOUNDS, type RetrievalBounds } from './retrieval/bounds.ts'

/** What a run of the simulator is told. All durations carry their unit. */
export type Settings = {
  /** Statuses mature this long after the request: 100 for the first half, 150 for the second, then final. */
  processingDelayMs: number
  /** What takes another time than that. */
  delaysMs: ProcessingDelays
  accessTokenSeconds: number
  refreshTokenSeconds: number
  authenticationTokenSeconds: number
  challengeSeconds: number
  sessionSeconds: number
  sessionInvoicesMax: number
  upoLinkSeconds: number
  /** Rows that appear late in session invoice lists, like a read replica that lags. */
  listLagMs: number
  retrieval: RetrievalBounds
  initialFaults: readonly Fault[]
  /** Whether requests are counted as in production; off, a context is counted once limits are set for it. */
  limits: LimitProfile
  /** Path of the official OpenAPI file; when given, every answer is checked against it. */
  contractFile?: string
}

const HOUR_SECONDS = 3600

export const DEFAULT_SETTINGS: Settings = {
  processingDelayMs: 50,
  delaysMs: {},
  accessTokenSeconds: 15 * 60,
  refreshTokenSeconds: 7 * 24 * HOUR_SECONDS,
  authenticationTokenSeconds: 45 * 60,
  challengeSeconds: 10 * 60,
  sessionSeconds: 12 * HOUR_SECONDS,
  sessionInvoicesMax: 10_000,
  upoLinkSeconds: 3 * 24 * HOUR_SECONDS,
  listLagMs: 0,
  retrieval: RETRIEVAL_BOUNDS,
  initialFaults: [],
  limits: 'off',
}
