/** Secrets and signatures of the Standard Webhooks specification, version 1 (symmetric). */
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** A fresh secret as its receiver keeps it. */
export const newWebhookSecret = (randomBytes: (length: number) => Uint8Array): string =>
  `${PREFIX}${Buffer.from(randomBytes(SECRET_BYTES)).toString('base64')}`

/** @property id what stays the same however often the message is sent, by which a receiver knows it again */
export type SignedMessage = { id: string; timestamp: number; body: string }

/**
 * The headers that go with a message.
 *
 * @param secrets each signs it: while one is being replaced, a receiver knows the old or the new
 */
export function webhookHeaders(message: SignedMessage, secrets: readonly string[]): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': secrets.map((secret) => signatureOf(message, secret)).join(' '),
  }
}

function signatureOf({ id, timestamp, body }: SignedMessage, secret: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
