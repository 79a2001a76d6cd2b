import * as z from 'zod'
import type { SystemCode } from '../documents/form-code.ts'
import { FA2, FA3 } from './forms/fa.ts'
import { FA_RR } from './forms/fa-rr.ts'
import { body } from './grammar/part.ts'

/** Each form with its fields and the schema of its data. */
export const INVOICE_FORMS = {
  'FA (3)': { shape: FA3, schema: body(FA3).schema },
  'FA_RR (1)': { shape: FA_RR, schema: body(FA_RR).schema },
  'FA (2)': { shape: FA2, schema: body(FA2).schema },
} as const satisfies Record<SystemCode, { shape: object; schema: z.ZodType }>

const Named = z.object({ form: z.enum(['FA (3)', 'FA_RR (1)', 'FA (2)']).optional() })

/** FA(3) when the data names no form; null for one that does not exist. */
export function formOf(data: object): SystemCode | null {
  const named = Named.safeParse(data)
  return named.success ? (named.data.form ?? 'FA (3)') : null
}
