import { z } from 'zod'
import { eventType } from './event-type.ts'

const held = z.int().meta({ description: 'Invoices that wait for it now.' })

/** `subject` is the integration. */
export const INTEGRATION_EVENTS = {
  'integration.activated': eventType(
    1,
    'It is verified: the fleet sends.',
    z.object({
      method: z.string().meta({ description: 'What proves the NIP.' }),
      released: z.int().meta({ description: 'Invoices that waited and go now.' }),
    }),
  ),
  'integration.failed': eventType(
    1,
    'A person has to mend something; nothing is sent before.',
    z.object({ code: z.string(), description: z.string().optional(), held }),
  ),
  'integration.revoked': eventType(1, 'It has ended.', z.object({ held })),
}
