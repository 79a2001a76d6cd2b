import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { WebhookOwner } from '../events/event-store.ts'
import type { WebhookId } from '../identifiers.ts'
import { refuseDisabled } from './manage-webhooks.ts'
import { lockedWebhook, withWebhookOwner } from './webhook-owner.ts'
import type { EventName } from './webhook-store.ts'

/** Events that one call makes due again. */
export const REDELIVERED_MAX = 10_000

type Deps = Pick<CoreDependencies, 'db'>
type At = { owner: WebhookOwner; webhookId: WebhookId }

/**
 * Has a stretch of the owner's log posted to a webhook: what is dead, what never was, as before the webhook was there or
 * while it was disabled, and where it is wished what has arrived already. A receiver knows an event again by its id.
 *
 * @param range.types those of the webhook when left out
 * @returns how many are due now, and up to what place: below `through` when there are too many for one call
 * @throws FleetError NOT_FOUND, WEBHOOK_DISABLED
 */
export const redeliverRange = (
  deps: Deps,
  {
    owner,
    webhookId,
    types,
    ...range
  }: At & { after: number; through: number; types?: readonly string[]; delivered: boolean },
): Promise<{ events: number; through: number }> =>
  withWebhookOwner(deps, owner, async (stores) => {
    const webhook = await lockedWebhook(stores, webhookId)
    refuseDisabled(webhook)
    return stores.webhooks.redeliver(webhookId, {
      ...range,
      types: types ?? webhook.types,
      limit: REDELIVERED_MAX,
    })
  })

/** Has one event posted again, delivered or not. @throws FleetError NOT_FOUND, WEBHOOK_DISABLED */
export const redeliverEvent = (
  deps: Deps,
  { owner, webhookId, event }: At & { event: EventName },
): Promise<void> =>
  withWebhookOwner(deps, owner, async (stores) => {
    refuseDisabled(await lockedWebhook(stores, webhookId))
    if (!(await stores.webhooks.redeliverOne(webhookId, event))) throw new FleetError('NOT_FOUND')
  })
