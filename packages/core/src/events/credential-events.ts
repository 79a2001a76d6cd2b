import { z } from 'zod'
import { eventType } from './event-type.ts'

const version = z.int().meta({ description: 'The version of the credential.' })

/** `subject` is the credential. */
export const CREDENTIAL_EVENTS = {
  'credential.expiring': eventType(
    1,
    'It ends soon: told 30, 14, 7 and 1 days before.',
    z.object({
      days: z.int(),
      notAfter: z.iso.datetime(),
      version,
      kind: z.string(),
      name: z.string(),
      autoRenew: z.boolean(),
    }),
  ),
  'credential.rotated': eventType(
    1,
    'A new version signs in.',
    z.object({ version, origin: z.string(), notAfter: z.iso.datetime().nullable() }),
  ),
  'credential.failed': eventType(
    1,
    'A version cannot be used, or a successor came to nothing.',
    z.object({
      version,
      code: z.string(),
      description: z.string().optional(),
      step: z.string().optional().meta({ description: 'Of the rotation that stopped.' }),
    }),
  ),
}
