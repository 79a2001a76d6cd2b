import { z } from 'zod'
import { eventType } from './event-type.ts'

/** `subject` is the webhook. */
export const WEBHOOK_EVENTS = {
  'webhook.test': eventType(
    1,
    'Somebody asked for a try. Posted to that webhook alone, whatever its types.',
    z.object({ webhookId: z.uuid() }),
  ),
  'webhook.disabled': eventType(
    1,
    'The fleet posts to it no more, until somebody enables it.',
    z.object({ webhookId: z.uuid(), code: z.string() }),
  ),
}
