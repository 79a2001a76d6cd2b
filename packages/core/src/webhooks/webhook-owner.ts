import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { WebhookOwner } from '../events/event-store.ts'
import type { WebhookId } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { Webhook } from './webhook.ts'

export type WebhookStores = Pick<CompanyTransaction, 'webhooks' | 'events' | 'audit'>

/** One transaction on an owner's webhooks: a company's through the company's door, the provider's as the system. */
export const withWebhookOwner = <T>(
  deps: Pick<CoreDependencies, 'db'>,
  owner: WebhookOwner,
  work: (stores: WebhookStores) => Promise<T>,
): Promise<T> =>
  owner === null ? deps.db.asSystem('manage-webhooks', work) : deps.db.withCompany(owner, work)

/** @throws FleetError NOT_FOUND */
export async function lockedWebhook({ webhooks }: WebhookStores, id: WebhookId): Promise<Webhook> {
  const webhook = await webhooks.lock(id)
  if (webhook === null) throw new FleetError('NOT_FOUND')
  return webhook
}
