import { readCompany } from '../companies/read-companies.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { WebhookOwner } from '../events/event-store.ts'
import type { WebhookId } from '../identifiers.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import type { Webhook, WebhookAttempt, WebhookDelivery, WebhookDeliveryState } from './webhook.ts'
import { withWebhookOwner } from './webhook-owner.ts'
import type { EventName } from './webhook-store.ts'

type Deps = Pick<CoreDependencies, 'db'>
type At = { owner: WebhookOwner; webhookId: WebhookId }

/** @throws FleetError NOT_FOUND when there is no such company */
export async function listWebhooks(deps: Deps, owner: WebhookOwner): Promise<Webhook[]> {
  if (owner !== null) await readCompany(deps, owner)
  return withWebhookOwner(deps, owner, ({ webhooks }) => webhooks.list())
}

/** @throws FleetError NOT_FOUND */
export async function readWebhook(deps: Deps, { owner, webhookId }: At): Promise<Webhook> {
  const webhook = await withWebhookOwner(deps, owner, ({ webhooks }) => webhooks.get(webhookId))
  if (webhook === null) throw new FleetError('NOT_FOUND')
  return webhook
}

/**
 * A page of what is on its way to a webhook and what became of it, newest event first.
 *
 * @throws FleetError NOT_FOUND, CURSOR_INVALID
 */
export async function listWebhookDeliveries(
  deps: Deps & { cursorKey: Uint8Array },
  { owner, webhookId, ...page }: At & { limit: number; cursor?: string; state?: WebhookDeliveryState },
): Promise<{ deliveries: WebhookDelivery[]; nextCursor: string | null }> {
  const bound = ['webhook-deliveries', owner ?? '', webhookId, page.state ?? '']
  // A cursor can be read by whoever holds it, and a company is not to learn how much happens at all.
  const by = owner === null ? 'position' : 'sequence'
  const from = page.cursor === undefined ? undefined : readCursor(deps.cursorKey, bound, page.cursor)
  if (from === null) throw new FleetError('CURSOR_INVALID')
  const found = await withWebhookOwner(deps, owner, async ({ webhooks }) => {
    if ((await webhooks.get(webhookId)) === null) throw new FleetError('NOT_FOUND')
    return webhooks.deliveries(webhookId, {
      limit: page.limit + 1,
      ...(from === undefined ? {} : { before: { by, place: Number(from.place) } }),
      ...(page.state === undefined ? {} : { state: page.state }),
    })
  })
  const deliveries = found.slice(0, page.limit)
  const last = deliveries.at(-1)
  if (found.length <= page.limit || last === undefined) return { deliveries, nextCursor: null }
  const nextCursor = writeCursor(deps.cursorKey, bound, { place: String(last.event[by]) })
  return { deliveries, nextCursor }
}

/** One delivery with every attempt. @throws FleetError NOT_FOUND */
export function readWebhookDelivery(
  deps: Deps,
  { owner, webhookId, event }: At & { event: EventName },
): Promise<{ delivery: WebhookDelivery; attempts: WebhookAttempt[] }> {
  return withWebhookOwner(deps, owner, async ({ webhooks }) => {
    const webhook = await webhooks.get(webhookId)
    const delivery = webhook === null ? null : await webhooks.delivery(webhookId, event)
    if (delivery === null) throw new FleetError('NOT_FOUND')
    return { delivery, attempts: await webhooks.attempts(webhookId, event) }
  })
}
