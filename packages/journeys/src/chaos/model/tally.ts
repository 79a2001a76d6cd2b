import { numberOf } from './virtual-ksef.ts'
import type { World } from './world.ts'

/** What the ends of schedules showed. */
export type Tally = {
  lost: number
  falseFailures: number
  wrongAdoptions: number
  doubles: number
  needlessResends: number
  staleWrites: number
  trace: number
}

export const newTally = (): Tally => ({
  lost: 0,
  falseFailures: 0,
  wrongAdoptions: 0,
  doubles: 0,
  needlessResends: 0,
  staleWrites: 0,
  trace: 0x811c9dc5,
})

/** Judges one end: rows against what KSeF registered. */
export function count(tally: Tally, { rows, ksef, trace }: World): void {
  tally.trace = Math.imul(tally.trace ^ trace, 0x01000193)
  tally.needlessResends += ksef.needless
  tally.staleWrites += rows.stale
  for (const { state, number, invoiceHash, ksefNumber } of rows.submissions) {
    const holders = ksef.registered.filter((one) => one.number === number)
    if (holders.length > 1) tally.doubles += 1
    const [holder] = holders
    const isOurs = holder?.hash === invoiceHash
    if (state === 'receipted') {
      if (!isOurs || ksefNumber !== numberOf(holder.serial)) tally.wrongAdoptions += 1
    } else if (isOurs && (state === 'rejected' || state === 'held')) tally.falseFailures += 1
    else if (state !== 'rejected' || isOurs || holder === undefined) tally.lost += 1
  }
}

export const isClean = ({ trace: _trace, ...counts }: Tally): boolean =>
  Object.values(counts).every((value) => value === 0)
