import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { AfterAnswer } from './after-answer.ts'
import type { Attempted } from './run-lanes.ts'
import type { Webhook, WebhookChange } from './webhook.ts'
import { type WebhookStores, withWebhookOwner } from './webhook-owner.ts'
import type { DeliveryResult } from './webhook-store.ts'

/** Writes what attempts came to, and what that says of the webhook, in one transaction. */
export async function writeResults(
  context: DeliveryContext,
  { id, companyId }: Webhook,
  attempts: readonly Attempted[],
): Promise<void> {
  const disabled = await withWebhookOwner(context, companyId, async (stores) => {
    await stores.webhooks.record(id, attempts.map(resultOf))
    return noteHealth(context, stores, { id, attempts })
  })
  for (const { after } of attempts) {
    const outcome = after.to === 'again' ? 'failed' : after.to
    context.webhooks.observe({ outcome, code: after.to === 'delivered' ? null : after.code })
  }
  if (disabled !== null) context.log.warn({ webhookId: id, code: disabled }, 'webhook.disabled')
}

function resultOf({ delivery, at, durationMs, answer, after, held }: Attempted): DeliveryResult {
  const { eventId, fence } = delivery
  const answered = answer.answered
    ? { status: answer.status, answer: answer.extract }
    : { status: null, answer: null }
  return {
    eventId,
    fence,
    at,
    durationMs,
    ...answered,
    code: after.to === 'delivered' ? null : after.code,
    state: after.to === 'again' ? 'pending' : after.to === 'gone' ? 'dead' : after.to,
    nextAttemptAt: after.to === 'again' ? after.at : null,
    held,
  }
}

/** Answers the code for which the webhook was disabled just now. */
async function noteHealth(
  context: DeliveryContext,
  { webhooks, events }: WebhookStores,
  { id, attempts }: { id: Webhook['id']; attempts: readonly Attempted[] },
): Promise<string | null> {
  const failed = attempts.filter(({ after }) => after.to !== 'delivered')
  const hasArrived = failed.length < attempts.length
  if (hasArrived && !failed.some(({ after }) => isSerious(after))) {
    await webhooks.recover(id)
    return null
  }
  const webhook = await webhooks.lock(id)
  if (webhook === null) return null
  const now = context.now()
  const failingSince = hasArrived ? null : (webhook.failingSince ?? now)
  const code = disablingCode(context, failed, failingSince)
  const pauses = failed.flatMap(({ after }) =>
    after.to === 'again' && after.pauseUntil !== null ? [after.pauseUntil.getTime()] : [],
  )
  const set: WebhookChange = {
    failingSince,
    failures: hasArrived ? 0 : webhook.failures + failed.length,
    ...(pauses.length === 0 ? {} : { blockedUntil: new Date(Math.max(...pauses)) }),
  }
  if (code === null || webhook.state !== 'enabled') {
    await webhooks.update(id, set)
    return null
  }
  await webhooks.update(id, { ...set, state: 'disabled', disabledCode: code, disabledAt: now })
  const data = { webhookId: id, code }
  await events.add({ type: 'webhook.disabled', subject: id, key: `${id}-disabled-${now.getTime()}`, data })
  return code
}

/** More than one event that did not arrive. */
const isSerious = (after: AfterAnswer): boolean => after.to !== 'again' || after.pauseUntil !== null

function disablingCode(
  { webhooks, now }: DeliveryContext,
  failed: readonly Attempted[],
  failingSince: Date | null,
): string | null {
  if (failed.some(({ after }) => after.to === 'gone')) return 'WEBHOOK_GONE'
  const isDead = failed.some(({ after }) => after.to === 'dead')
  const longAgo = now().getTime() - webhooks.disableAfterSeconds * 1_000
  return isDead && failingSince !== null && failingSince.getTime() <= longAgo ? 'WEBHOOK_KEEPS_FAILING' : null
}
