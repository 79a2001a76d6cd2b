import { z } from 'zod'
import { SUBJECT_TYPES } from '../inbox/sync-state.ts'
import { eventType } from './event-type.ts'

const role = z.enum(SUBJECT_TYPES).meta({ description: 'In which role the company is on the invoices.' })

const received = z.object({
  ksefNumber: z.string(),
  documentId: z.string(),
  role,
  flag: z.string().nullable().meta({ description: 'Why its fields could not be read, or null.' }),
  number: z.string().nullable(),
  sellerNip: z.string().nullable(),
  issueDate: z.string().nullable().meta({ description: 'YYYY-MM-DD.' }),
  kind: z.string().nullable(),
  gross: z.string().nullable().meta({ description: 'An exact decimal, in the currency.' }),
  currency: z.string().nullable(),
  correctedNumber: z.string().nullable(),
})

/** `subject` is the document, or the integration whose sync it is. */
export const INBOX_EVENTS = {
  'inbox.received': eventType(
    1,
    'An invoice that KSeF holds for the company is stored; once for each.',
    received,
  ),
  'sync.completed': eventType(
    1,
    'Everything up to that moment is here. Told when something came, and after failures.',
    z.object({
      role,
      upTo: z.iso.datetime(),
      received: z.int().meta({ description: 'Documents that were new.' }),
    }),
  ),
  'sync.late': eventType(
    1,
    'What is here is older than it should be.',
    z.object({
      role,
      completeUpTo: z.iso.datetime(),
      completedAt: z.iso.datetime().nullable(),
      code: z.string().nullable().meta({ description: 'Of the last failure, where there was one.' }),
    }),
  ),
  'sync.failed': eventType(
    1,
    'It keeps failing, or KSeF lists what it does not give.',
    z.object({
      role,
      code: z.string(),
      failures: z.int().optional(),
      since: z.iso.datetime().optional(),
      ksefNumber: z.string().optional(),
      missing: z.int().optional(),
      listed: z.int().optional(),
      from: z.iso.datetime().optional(),
      to: z.iso.datetime().optional(),
    }),
  ),
}
