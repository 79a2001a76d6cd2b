import { expect, test } from 'vitest'
import { newWebhookSecret, webhookHeaders } from './signature.ts'

/** The example of the Standard Webhooks specification. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const MESSAGE = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' }
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

test('a message is signed as the specification’s example is', () => {
  expect(webhookHeaders(MESSAGE, [SECRET])).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': SIGNATURE,
  })
})

test('while a secret is being replaced both sign, the newer first', () => {
  const newer = newWebhookSecret((length) => new Uint8Array(length).fill(7))
  expect(newer).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const signatures = webhookHeaders(MESSAGE, [newer, SECRET])['webhook-signature']?.split(' ')
  expect(signatures).toHaveLength(2)
  expect(signatures?.[1]).toBe(SIGNATURE)
})
