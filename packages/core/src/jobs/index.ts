import { advanceCredential } from './advance-credential.ts'
import { clearTokens } from './clear-tokens.ts'
import type { Job } from './define-job.ts'
import { deliverWebhooks } from './deliver-webhooks.ts'
import { endSignIns } from './end-sign-ins.ts'
import { findOrphan } from './find-orphan.ts'
import { finishSession } from './finish-session.ts'
import { notifyExpiry } from './notify-expiry.ts'
import { notifyLateSync } from './notify-late-sync.ts'
import { pollSession } from './poll-session.ts'
import { sendBatch } from './send-batch.ts'
import { sendPending } from './send-pending.ts'
import { storeUpo } from './store-upo.ts'
import { syncInbox } from './sync-inbox.ts'
import { verifyIntegration } from './verify-integration.ts'
import { watchDeadlines } from './watch-deadlines.ts'

/** Every job of the fleet. A job's file that is not in this list fails the checks. */
export const JOBS: readonly AnyJob[] = [
  erased(sendPending),
  erased(sendBatch),
  erased(pollSession),
  erased(storeUpo),
  erased(finishSession),
  erased(findOrphan),
  erased(deliverWebhooks),
  erased(verifyIntegration),
  erased(advanceCredential),
  erased(notifyExpiry),
  erased(endSignIns),
  erased(clearTokens),
  erased(syncInbox),
  erased(notifyLateSync),
  erased(watchDeadlines),
]

/** A job of any payload, its schema and handler still bound together: whoever runs it hands over what Redis held. */
export type AnyJob = Omit<Job, 'schema' | 'key' | 'handler'> & {
  run: (payload: unknown, context: Parameters<Job['handler']>[1]) => Promise<void>
}

function erased<Payload extends Record<string, string>>(job: Job<Payload>): AnyJob {
  return {
    name: job.name,
    queue: job.queue,
    run: (payload, context) => job.handler(job.schema.parse(payload), context),
  }
}
