import { shareOf } from '../budget/shares.ts'
import { addSeconds, type DeliveryContext } from '../delivery/delivery-context.ts'
import { chooseWay, expectedSince } from './choose-way.ts'
import { nextWindow } from './next-window.ts'
import { orderExport } from './order-export.ts'
import { readTrickle } from './read-trickle.ts'
import type { Stepped, Syncing } from './syncing.ts'

/** Receives the next window, whichever way KSeF's limits favour. */
export async function receive(context: DeliveryContext, at: Syncing): Promise<Stepped> {
  const now = context.now()
  const window = nextWindow(at.state.checkpoint, now)
  const budget = await at.ksef.budget(['invoiceExport', 'invoiceMetadata', 'invoiceDownload'])
  const way = chooseWay(expectedSince(at.state, now), budget, shareOf('sync', 'invoiceMetadata'))
  if (way.by === 'wait') return { to: 'rest', at: addSeconds(now, way.ms / 1000) }
  if (way.by === 'metadata') {
    const read = await readTrickle(context, at, window)
    if (read !== 'a-crowd') return read
  }
  return orderExport(context, at, { purpose: 'sync', window })
}
