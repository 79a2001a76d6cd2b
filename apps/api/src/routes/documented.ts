/** How a route is described in the OpenAPI document: its words, its answers, and every error code it can give. */
import { ERRORS, type ErrorCode } from '@ksef-fleet/core'
import type { z } from 'zod'
import { ProblemDocument } from '../problem.ts'

type Answer = { description: string; content: Record<string, { schema: z.ZodType }> }

/** Codes any authenticated route can give. */
const EVERYWHERE = [
  'UNAUTHENTICATED',
  'TOO_MANY_FAILED_KEYS',
  'REQUEST_INVALID',
  'MEDIA_TYPE_UNSUPPORTED',
  'DATABASE_UNAVAILABLE',
  'INTERNAL',
] as const satisfies readonly ErrorCode[]

/** An answer's media type, its form, and what it says. */
export const answer = <Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  mediaType = 'application/json',
) => ({
  description,
  content: { [mediaType]: { schema } },
})

/** The problem documents of a route, by status. */
export function problems(...codes: readonly ErrorCode[]): Record<number, Answer> {
  const byStatus = Map.groupBy(new Set([...EVERYWHERE, ...codes]), (code) => ERRORS[code].httpStatus ?? 500)
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: those.map((code) => `\`${code}\` ${ERRORS[code].means}`).join('\n\n'),
        content: { 'application/problem+json': { schema: ProblemDocument } },
      },
    ]),
  )
}
