/**
 * One run at a webhook: takes what is due in handfuls, posts it, writes down what became of it, until nothing is due.
 *
 * Nothing is delivered twice but after a crash, or when a receiver's 2xx was lost on its way: a delivery is one worker's
 * until its lease ends, no request begins that could outlast it, and the fence refuses what a late worker would write.
 */
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { WebhookOwner } from '../events/event-store.ts'
import type { WebhookId } from '../identifiers.ts'
import { createRecorder } from './recorder.ts'
import { type Attempted, runLanes, type Trying } from './run-lanes.ts'
import type { ReceiverRun } from './slow-runs.ts'
import type { Webhook } from './webhook.ts'
import { withWebhookOwner } from './webhook-owner.ts'
import type { ClaimedDelivery } from './webhook-store.ts'
import { writeResults } from './write-results.ts'

/** After so long the run makes room for other webhooks: it begins no more requests, and its own is rung for again. */
const RUN_SECONDS = 20
const CLAIMED_MAX = 100
const LANE_MAX = 50
/** A receiver that has failed so often in a row is tried with one event at a time. */
const FAILURES_OF_A_SICK_ONE = 5

export async function deliverTo(
  context: DeliveryContext,
  at: { owner: WebhookOwner; webhookId: WebhookId },
): Promise<void> {
  const receiver = context.webhooks.slowRuns.begin(at.webhookId)
  if (receiver === null) return
  const end = context.now().getTime() + RUN_SECONDS * 1_000
  const goesOn = () => !context.signal.aborted && context.now().getTime() < end && !receiver.isOver()
  try {
    while (goesOn()) {
      const claimed = await claim(context, at, receiver)
      if (claimed === null) return
      await deliver(context, claimed, { receiver, goesOn })
    }
  } finally {
    receiver.end()
  }
}

type Claimed = { webhook: Webhook; deliveries: ClaimedDelivery[]; leasedUntil: number }

async function claim(
  context: DeliveryContext,
  { owner, webhookId }: { owner: WebhookOwner; webhookId: WebhookId },
  receiver: ReceiverRun,
): Promise<Claimed | null> {
  const { leaseSeconds } = context.webhooks
  // Before the claim, so that the lease ends no earlier than this says.
  const leasedUntil = context.now().getTime() + leaseSeconds * 1_000
  return withWebhookOwner(context, owner, async ({ webhooks }) => {
    const webhook = await webhooks.lock(webhookId)
    if (webhook?.state !== 'enabled') return null
    if (webhook.blockedUntil !== null && webhook.blockedUntil > context.now()) return null
    const isSick = webhook.failures >= FAILURES_OF_A_SICK_ONE
    // Nothing arrives there, however quickly it says so: it is no better than one that hangs.
    if (isSick && !receiver.takePlace()) return null
    const [limit, laneMax] = isSick ? [1, 1] : [CLAIMED_MAX, LANE_MAX]
    const deliveries = await webhooks.claim(webhook, { limit, laneMax, leaseSeconds })
    return deliveries.length === 0 ? null : { webhook, deliveries, leasedUntil }
  })
}

async function deliver(
  context: DeliveryContext,
  { webhook, deliveries, leasedUntil }: Claimed,
  { receiver, goesOn }: { receiver: ReceiverRun; goesOn: () => boolean },
): Promise<void> {
  const { companyId: owner, id } = webhook
  const last = leasedUntil - context.webhooks.timeoutSeconds * 1_000
  const write = createRecorder<Attempted>((results) => writeResults(context, webhook, results))
  const trying: Trying = {
    context,
    webhook,
    mayTry: () => goesOn() && context.now().getTime() < last,
    record(attempted) {
      receiver.note({ durationMs: attempted.durationMs, arrived: attempted.after.to === 'delivered' })
      return write(attempted)
    },
  }
  const untried = await runLanes(trying, deliveries)
  if (untried.length === 0) return
  await withWebhookOwner(context, owner, ({ webhooks }) => webhooks.release(id, untried))
}
