import type { KsefFailure } from '@ksef-fleet/ksef'
import type { ErrorCode } from '../errors.ts'

/** By what code a failure is told that passes by itself. */
export function passingCode({ kind }: KsefFailure): ErrorCode {
  if (kind === 'held-back') return 'KSEF_BUDGET_SPENT'
  return kind === 'rate-limited' ? 'KSEF_RATE_LIMITED' : 'KSEF_UNREACHABLE'
}
