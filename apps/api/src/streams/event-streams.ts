import { type ApiKeyId, FleetError } from '@ksef-fleet/core'
import type { EventBell } from './event-bell.ts'
import type { StreamTimes } from './event-stream.ts'

/** Enough for a program with several processes, and no key takes them all. */
const STREAMS_PER_KEY_MAX = 20

export type EventStreams = StreamTimes & {
  bell: EventBell
  /**
   * Takes a place among the streams of this process.
   *
   * @returns a signal that ends the stream with the server, and what gives the place back
   * @throws FleetError STREAMS_TOO_MANY
   */
  open(keyId: ApiKeyId): { ended: AbortSignal; close: () => void }
  /** Ends them all; none begins any more. */
  end(): void
  readonly count: number
}

/** @param streams.max of this process, for all keys together */
export function createEventStreams(
  bell: EventBell,
  { max, ...times }: StreamTimes & { max: number },
): EventStreams {
  const ended = new AbortController()
  const open = new Map<ApiKeyId, number>()
  let count = 0
  return {
    ...times,
    bell,
    open(keyId) {
      const own = open.get(keyId) ?? 0
      if (ended.signal.aborted || count >= max || own >= STREAMS_PER_KEY_MAX) {
        throw new FleetError('STREAMS_TOO_MANY')
      }
      count++
      open.set(keyId, own + 1)
      let isOpen = true
      return {
        ended: ended.signal,
        close() {
          if (!isOpen) return
          isOpen = false
          count--
          const left = (open.get(keyId) ?? 1) - 1
          if (left === 0) open.delete(keyId)
          else open.set(keyId, left)
        },
      }
    },
    end: () => ended.abort(),
    get count() {
      return count
    },
  }
}
