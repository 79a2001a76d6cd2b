import { v7 } from 'uuid'

const RANDOM_BYTES = 16
/** Drawn together: the system's source costs as much for one as for hundreds, and documents come by the ten thousand. */
const IDS_AT_ONCE = 128

/** A source of UUIDs, version 7: they sort by creation, so that indexes grow at their end. */
export function createIdSource(deps: {
  now: () => Date
  randomBytes: (length: number) => Uint8Array
}): () => string {
  let drawn = new Uint8Array(0)
  let used = 0
  return () => {
    if (used + RANDOM_BYTES > drawn.length) {
      drawn = new Uint8Array(deps.randomBytes(IDS_AT_ONCE * RANDOM_BYTES))
      used = 0
    }
    used += RANDOM_BYTES
    return v7({ msecs: deps.now().getTime(), random: drawn.subarray(used - RANDOM_BYTES, used) })
  }
}
