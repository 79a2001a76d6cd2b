import { z } from 'zod'

/** Of requests that accept invoices. */
export const IdempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, '1 to 255 visible ASCII characters are expected')
    .exactOptional()
    .meta({
      description:
        'Makes repeating the request safe, for as long as what it brought is known. A fresh one each.',
    }),
})
