import { advanceCredential } from './advance-credential.ts'
import { clearTokens } from './clear-tokens.ts'
import type { Job } from './define-job.ts'
import { endSignIns } from './end-sign-ins.ts'
import { finishSession } from './finish-session.ts'
import { notifyExpiry } from './notify-expiry.ts'
import { pollSession } from './poll-session.ts'
import { sendPending } from './send-pending.ts'
import { storeUpo } from './store-upo.ts'
import { verifyIntegration } from './verify-integration.ts'

/** Every job of the fleet. A job's file that is not in this list fails the checks. */
export const JOBS: readonly AnyJob[] = [
  erased(sendPending),
  erased(pollSession),
  erased(storeUpo),
  erased(finishSession),
  erased(verifyIntegration),
  erased(advanceCredential),
  erased(notifyExpiry),
  erased(endSignIns),
  erased(clearTokens),
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
