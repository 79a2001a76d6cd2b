import { setTimeout as sleep } from 'node:timers/promises'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { eventIdOf } from '../events/fleet-event.ts'
import { type AfterAnswer, afterAnswer, type WebhookAnswer } from './after-answer.ts'
import { webhookBody } from './message.ts'
import { webhookHeaders } from './signature.ts'
import type { Webhook } from './webhook.ts'
import { openSecrets } from './webhook-secrets.ts'
import type { ClaimedDelivery } from './webhook-store.ts'

/** A wait that is shorter is waited for here; every longer one is the sweeper's. */
const SHORT_WAIT_MS = 1_000

/** What one attempt came to. */
export type Attempted = {
  delivery: ClaimedDelivery
  at: Date
  durationMs: number
  answer: WebhookAnswer
  after: AfterAnswer
  /** It is tried again at once, by the same worker. */
  held: boolean
}

export type Trying = {
  context: DeliveryContext
  webhook: Webhook
  /** Whether another request may begin. */
  mayTry: () => boolean
  record: (attempted: Attempted) => Promise<void>
}

/**
 * Posts deliveries, those of one lane one after the other, several lanes at once. Answers what was not tried: after a
 * failure the rest of its lane, and everything once the receiver asks for a pause or wants no more.
 */
export async function runLanes(
  trying: Trying,
  deliveries: readonly ClaimedDelivery[],
): Promise<ClaimedDelivery[]> {
  const { context, webhook } = trying
  const lanes = [
    ...Map.groupBy(deliveries, ({ lane, eventId }) => (webhook.ordered ? lane : eventId)).values(),
  ]
  const untried: ClaimedDelivery[] = []
  const written: Promise<void>[] = []
  const run: Run = { ...trying, secrets: openSecrets(context, webhook), over: false, written }
  const take = async (): Promise<void> => {
    for (let lane = lanes.shift(); lane !== undefined; lane = lanes.shift()) {
      untried.push(...(await runLane(run, lane)))
    }
  }
  const takers = Array.from({ length: context.webhooks.callsAtOnce }, take)
  // Each is waited for, whoever fails: none may still be posting when its claim is given back.
  const ends = await Promise.allSettled(takers)
  await Promise.all(written)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return untried
}

type Run = Trying & { secrets: readonly string[]; over: boolean; written: Promise<void>[] }

async function runLane(run: Run, lane: readonly ClaimedDelivery[]): Promise<readonly ClaimedDelivery[]> {
  for (const [index, delivery] of lane.entries()) {
    if (run.over || !run.mayTry()) return lane.slice(index)
    const end = await untilSettled(run, delivery)
    if (end === 'waits') return lane.slice(index + 1)
    if (end === 'untried') return lane.slice(index)
  }
  return []
}

/**
 * settled  it has arrived, or is dead: the next one's turn.
 * waits    it comes again later, and those behind it wait.
 * untried  it was to be tried again at once, and there is no time for it any more.
 */
async function untilSettled(run: Run, delivery: ClaimedDelivery): Promise<'settled' | 'waits' | 'untried'> {
  for (let tries = delivery.tries; ; tries++) {
    const attempted = await attempt(run, { ...delivery, tries })
    const { after } = attempted
    if (endsRun(after)) run.over = true
    const waitMs = heldForMs(run, after)
    // Written together with what comes meanwhile, and waited for only where the delivery is let go.
    const recorded = note(run, { ...attempted, held: waitMs !== null })
    if (after.to === 'delivered') return 'settled'
    if (waitMs === null) {
      await recorded
      return after.to === 'dead' ? 'settled' : 'waits'
    }
    await sleep(waitMs, undefined, { signal: run.context.signal }).catch(() => {})
    if (run.over || !run.mayTry()) return 'untried'
  }
}

/** The receiver asks for a pause, or wants no more. */
const endsRun = (after: AfterAnswer): boolean =>
  after.to === 'gone' || (after.to === 'again' && after.pauseUntil !== null)

/** How long the worker waits with the delivery in its hands; null: it lets it go. Nobody waits behind one without an order. */
function heldForMs({ context, webhook, over }: Run, after: AfterAnswer): number | null {
  if (after.to !== 'again' || over || !webhook.ordered) return null
  const waitMs = after.at.getTime() - context.now().getTime()
  return waitMs <= SHORT_WAIT_MS ? Math.max(0, waitMs) : null
}

function note(run: Run, attempted: Attempted): Promise<void> {
  const recorded = run.record(attempted)
  run.written.push(recorded)
  // What cannot be written down is not gone on with.
  recorded.catch(() => {
    run.over = true
  })
  return recorded
}

async function attempt(run: Run, delivery: ClaimedDelivery): Promise<Omit<Attempted, 'held'>> {
  const { context, webhook, secrets } = run
  const { post, timeoutSeconds, retrySeconds } = context.webhooks
  const at = context.now()
  const message = {
    id: eventIdOf(delivery.event),
    timestamp: Math.floor(at.getTime() / 1_000),
    body: webhookBody(delivery.event),
  }
  const answer: WebhookAnswer =
    secrets.length === 0
      ? { answered: false, code: 'WEBHOOK_SECRET_LOST' }
      : await post({
          url: webhook.url,
          headers: webhookHeaders(message, secrets),
          body: message.body,
          timeoutMs: timeoutSeconds * 1_000,
        })
  const now = context.now()
  const [byte = 0] = context.randomBytes(1)
  const after = afterAnswer(answer, { tries: delivery.tries, retrySeconds, now, chance: byte / 255 })
  return { delivery, at, durationMs: now.getTime() - at.getTime(), answer, after }
}
