import type { WebhookAnswer } from './after-answer.ts'
import type { SlowRuns } from './slow-runs.ts'

/** A message on its way out. */
export type WebhookPost = {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  timeoutMs: number
}

/** Makes one request, follows nothing, and answers whatever happened: it does not throw. */
export type PostWebhook = (post: WebhookPost) => Promise<WebhookAnswer>

/** The way out to receivers, and how long everything may take. */
export type WebhookDoor = {
  post: PostWebhook
  /** Waits before each further attempt; after the last one a delivery is dead. */
  retrySeconds: readonly number[]
  /** Total time of one request. */
  timeoutSeconds: number
  /** For how long a worker holds what it has taken; no request begins that could outlast it. */
  leaseSeconds: number
  /** A webhook at which nothing has arrived for so long is disabled when its next delivery is dead. */
  disableAfterSeconds: number
  /** Requests to one webhook at once. */
  callsAtOnce: number
  slowRuns: SlowRuns
  observe: (delivery: { outcome: 'delivered' | 'failed' | 'dead' | 'gone'; code: string | null }) => void
}
