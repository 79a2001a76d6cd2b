import { readCompany } from '../companies/read-companies.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { WebhookOwner } from '../events/event-store.ts'
import { WebhookId } from '../identifiers.ts'
import type { Sealer } from '../secrets/sealer.ts'
import { type DestinationPolicy, faultOfUrl } from './destination.ts'
import { newWebhookSecret } from './signature.ts'
import { WEBHOOKS_MAX, type Webhook, type WebhookChange } from './webhook.ts'
import { lockedWebhook, type WebhookStores, withWebhookOwner } from './webhook-owner.ts'
import { sealSecret } from './webhook-secrets.ts'

export const SECRET_GRACE_SECONDS_DEFAULT = 86_400
export const SECRET_GRACE_SECONDS_MAX = 7 * 86_400
/** A message that is signed by many is longer than headers should be. */
const SECRETS_MAX = 3

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'newId' | 'randomBytes'> & {
  sealer: Sealer
  destinations: DestinationPolicy
}
type By = { actor: string; requestId?: string }
type At = { owner: WebhookOwner; webhookId: WebhookId }
type Given = Pick<Webhook, 'url' | 'name' | 'types' | 'ordered'>

/**
 * Makes a webhook. Its secret is in this answer and never again.
 *
 * @throws FleetError NOT_FOUND, WEBHOOK_URL_REFUSED, WEBHOOKS_TOO_MANY
 */
export async function createWebhook(
  deps: Deps,
  { owner, actor, requestId, ...given }: { owner: WebhookOwner } & Given & By,
): Promise<{ webhook: Webhook; secret: string }> {
  refuseUrl(deps, given.url)
  if (owner !== null) await readCompany(deps, owner)
  const id = WebhookId.parse(deps.newId())
  const secret = newWebhookSecret(deps.randomBytes)
  const webhook: Webhook = {
    ...given,
    id,
    companyId: owner,
    state: 'enabled',
    disabledCode: null,
    disabledAt: null,
    secrets: [sealSecret(deps, { id, companyId: owner }, secret)],
    failingSince: null,
    failures: 0,
    blockedUntil: null,
    createdAt: deps.now(),
  }
  await withWebhookOwner(deps, owner, async (stores) => {
    if ((await stores.webhooks.list()).length >= WEBHOOKS_MAX) throw new FleetError('WEBHOOKS_TOO_MANY')
    await stores.webhooks.insert(webhook)
    await note(stores, { action: 'webhook.create', id, by: { actor, ...ofRequest(requestId) } })
  })
  return { webhook, secret }
}

/** Enabling it forgets what it was disabled for. @throws FleetError NOT_FOUND, WEBHOOK_URL_REFUSED */
export async function changeWebhook(
  deps: Pick<Deps, 'db' | 'now' | 'destinations'>,
  { owner, webhookId, actor, requestId, enabled, ...given }: At & Partial<Given> & { enabled?: boolean } & By,
): Promise<Webhook> {
  if (given.url !== undefined) refuseUrl(deps, given.url)
  return withWebhookOwner(deps, owner, async (stores) => {
    const webhook = await lockedWebhook(stores, webhookId)
    const set: WebhookChange = { ...given, ...stateOf(webhook, enabled, deps.now()) }
    await stores.webhooks.update(webhookId, set)
    await note(stores, { action: 'webhook.change', id: webhookId, by: { actor, ...ofRequest(requestId) } })
    return { ...webhook, ...set }
  })
}

/** Its secrets go with it. What was on its way is not delivered. @throws FleetError NOT_FOUND */
export const removeWebhook = (deps: Pick<Deps, 'db'>, { owner, webhookId, ...by }: At & By): Promise<void> =>
  withWebhookOwner(deps, owner, async (stores) => {
    await lockedWebhook(stores, webhookId)
    await stores.webhooks.update(webhookId, { state: 'removed', secrets: [] })
    await note(stores, { action: 'webhook.remove', id: webhookId, by })
  })

/**
 * Makes a new secret, which is in this answer and never again. The old one signs beside it for a grace.
 *
 * @param request.graceSeconds at most seven days; 0 ends the old one at once
 * @throws FleetError NOT_FOUND
 */
export function rotateWebhookSecret(
  deps: Deps,
  { owner, webhookId, graceSeconds, ...by }: At & { graceSeconds: number } & By,
): Promise<{ webhook: Webhook; secret: string }> {
  const secret = newWebhookSecret(deps.randomBytes)
  return withWebhookOwner(deps, owner, async (stores) => {
    const webhook = await lockedWebhook(stores, webhookId)
    const now = deps.now()
    const end = new Date(now.getTime() + Math.min(graceSeconds, SECRET_GRACE_SECONDS_MAX) * 1_000)
    const old = webhook.secrets
      .map(({ sealed, until }) => ({ sealed, until: earlier(until, end.toISOString()) }))
      .filter(({ until }) => new Date(until) > now)
    const secrets = [sealSecret(deps, webhook, secret), ...old].slice(0, SECRETS_MAX)
    await stores.webhooks.update(webhookId, { secrets })
    await note(stores, { action: 'webhook.rotate-secret', id: webhookId, by, details: { graceSeconds } })
    return { webhook: { ...webhook, secrets }, secret }
  })
}

/** Writes an event that is posted to this webhook alone. @throws FleetError NOT_FOUND, WEBHOOK_DISABLED */
export const testWebhook = (deps: Pick<Deps, 'db' | 'newId'>, { owner, webhookId }: At): Promise<void> =>
  withWebhookOwner(deps, owner, async (stores) => {
    refuseDisabled(await lockedWebhook(stores, webhookId))
    const data = { webhookId }
    await stores.events.add({
      type: 'webhook.test',
      subject: webhookId,
      key: `${webhookId}-test-${deps.newId()}`,
      data,
    })
  })

/** @throws FleetError WEBHOOK_DISABLED */
export function refuseDisabled({ state }: Webhook): void {
  if (state !== 'enabled') throw new FleetError('WEBHOOK_DISABLED')
}

function refuseUrl({ destinations }: Pick<Deps, 'destinations'>, url: string): void {
  const fault = faultOfUrl(url, destinations)
  if (fault !== null)
    throw new FleetError('WEBHOOK_URL_REFUSED', { detail: `The URL was refused: ${fault}.` })
}

function stateOf({ state }: Webhook, enabled: boolean | undefined, now: Date): WebhookChange {
  if (enabled === undefined || enabled === (state === 'enabled')) return {}
  return enabled
    ? {
        state: 'enabled',
        disabledCode: null,
        disabledAt: null,
        failingSince: null,
        failures: 0,
        blockedUntil: null,
      }
    : { state: 'disabled', disabledCode: null, disabledAt: now }
}

/** ISO times compare as text. */
const earlier = (one: string | null, other: string): string => (one !== null && one < other ? one : other)

const ofRequest = (requestId: string | undefined) => (requestId === undefined ? {} : { requestId })

const note = (
  { audit }: WebhookStores,
  { action, id, by, details }: { action: string; id: WebhookId; by: By; details?: { graceSeconds: number } },
): Promise<void> =>
  audit.append({
    actor: by.actor,
    action,
    subject: id,
    outcome: 'ok',
    ...ofRequest(by.requestId),
    ...(details === undefined ? {} : { details }),
  })
