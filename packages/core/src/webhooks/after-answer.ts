/** What follows from a receiver's answer, or from none. Pure. */
import type { WEBHOOK_ERRORS } from '../errors/webhook-errors.ts'

/**
 * Waits before the second and every further attempt, in seconds: ten attempts within three days and some hours, as the
 * Standard Webhooks specification proposes.
 */
export const WEBHOOK_RETRY_SECONDS: readonly number[] = [
  5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
]

/** A wait is up to this part longer, so that what failed together does not come again together. */
const JITTER = 0.1

/** No receiver may ask for a longer pause. */
const RETRY_AFTER_SECONDS_MAX = 6 * 3_600

/** Why an attempt failed. */
export type WebhookFailureCode = Extract<
  keyof typeof WEBHOOK_ERRORS,
  | 'WEBHOOK_REFUSED'
  | 'WEBHOOK_REDIRECTED'
  | 'WEBHOOK_GONE'
  | 'WEBHOOK_TIMEOUT'
  | 'WEBHOOK_UNREACHABLE'
  | 'WEBHOOK_ADDRESS_REFUSED'
  | 'WEBHOOK_SECRET_LOST'
>

/** @property extract the beginning of the answer's body */
export type WebhookAnswer =
  | { answered: true; status: number; retryAfter: string | null; extract: string | null }
  | { answered: false; code: WebhookFailureCode }

export type AfterAnswer =
  | { to: 'delivered' }
  | { to: 'again'; code: WebhookFailureCode; at: Date; pauseUntil: Date | null }
  | { to: 'dead'; code: WebhookFailureCode }
  /** The receiver wants no more, ever. */
  | { to: 'gone'; code: WebhookFailureCode }

/**
 * @param tries attempts before this one
 * @param chance 0 to 1, for the jitter
 */
export function afterAnswer(
  answer: WebhookAnswer,
  {
    tries,
    retrySeconds,
    now,
    chance,
  }: { tries: number; retrySeconds: readonly number[]; now: Date; chance: number },
): AfterAnswer {
  const code = failureOf(answer)
  if (code === null) return { to: 'delivered' }
  if (code === 'WEBHOOK_GONE') return { to: 'gone', code }
  const seconds = retrySeconds[tries]
  if (seconds === undefined) return { to: 'dead', code }
  const planned = now.getTime() + seconds * (1 + JITTER * chance) * 1_000
  const pauseUntil = pauseOf(answer, now)
  return { to: 'again', code, at: new Date(Math.max(planned, pauseUntil?.getTime() ?? 0)), pauseUntil }
}

function failureOf(answer: WebhookAnswer): WebhookFailureCode | null {
  if (!answer.answered) return answer.code
  const { status } = answer
  if (status >= 200 && status < 300) return null
  if (status === 410) return 'WEBHOOK_GONE'
  return status >= 300 && status < 400 ? 'WEBHOOK_REDIRECTED' : 'WEBHOOK_REFUSED'
}

/** Retry-After of a 429 or 503: seconds or a date, within bounds. */
function pauseOf(answer: WebhookAnswer, now: Date): Date | null {
  if (!answer.answered || answer.retryAfter === null) return null
  if (answer.status !== 429 && answer.status !== 503) return null
  const seconds = /^\d{1,9}$/.test(answer.retryAfter)
    ? Number(answer.retryAfter)
    : (Date.parse(answer.retryAfter) - now.getTime()) / 1_000
  if (!(seconds > 0)) return null
  return new Date(now.getTime() + Math.min(seconds, RETRY_AFTER_SECONDS_MAX) * 1_000)
}
