import { z } from 'zod'

/** A name people gave: one line, no control characters (PostgreSQL takes no NUL), no lone surrogates. */
export const Name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'one line without control characters is expected')
