/** What is posted to webhooks, by type of event: the part `webhooks` of an OpenAPI 3.1 document. */
import { EVENT_TYPE_NAMES, EVENT_TYPES, type EventTypeName } from '@ksef-fleet/core'
import { componentOf } from './views/event.ts'

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
})

/** Standard Webhooks: names, times and signatures are its own. */
const HEADERS = [
  header('webhook-id', 'The id of the event: the same at each attempt. Know an event again by it.'),
  header('webhook-timestamp', 'Of the attempt, in seconds since 1970.'),
  header(
    'webhook-signature',
    'One or, while a secret is changed, two of `v1,` and the signature, by spaces.',
  ),
]

const RESPONSES = {
  '2XX': { description: 'It has arrived.' },
  '410': { description: 'No more of these: the webhook is disabled.' },
  default: { description: 'It is posted again, for three days, after ever longer waits.' },
}

const posted = (type: EventTypeName) => ({
  post: {
    operationId: `on${componentOf(type)}`,
    tags: ['webhooks'],
    summary: EVENT_TYPES[type].means,
    // Signed by the fleet; no API key of yours is in it.
    security: [],
    parameters: HEADERS,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${componentOf(type)}` } } },
    },
    responses: RESPONSES,
  },
})

/** The document, with what the fleet posts besides what it answers. */
export const describeWebhooks = <Document extends object>(document: Document) => ({
  ...document,
  webhooks: Object.fromEntries(EVENT_TYPE_NAMES.map((type) => [type, posted(type)])),
})
