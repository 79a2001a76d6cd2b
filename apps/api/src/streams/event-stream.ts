/**
 * A log of events as server-sent events. PostgreSQL is read from where the reader is; the bell and a pause say when to look
 * again. Nothing is kept for a reader: who reads slowly is read for slowly, and who comes back goes on after `Last-Event-ID`.
 */
import { type EventPage, type StoredEvent, toldEvent } from '@ksef-fleet/core'

export type StreamTimes = {
  /** Without a ring the log is looked at so often. */
  pollMs: number
  /** A word that keeps the connection alive, and a look whether the key still opens. */
  heartbeatMs: number
}

export type Streaming = StreamTimes & {
  read: (after: number) => Promise<EventPage>
  placeOf: (event: StoredEvent) => number
  /** False once the key opens nothing any more. */
  mayGoOn: () => Promise<boolean>
  listen: (rung: () => void) => () => void
  after: number
  /** For how long; 0: what there is now. */
  lifeMs: number
  /** The reader is gone, or the server stops. */
  ended: AbortSignal
}

/** How soon a reader may come back. */
const RETRY_MS = 2_000

export async function* streamOfEvents(stream: Streaming): AsyncGenerator<string> {
  const { ended, heartbeatMs } = stream
  const bell = waitingBell(stream)
  const end = performance.now() + stream.lifeMs
  let after = stream.after
  let heartbeatAt = performance.now() + heartbeatMs
  try {
    // Its place from the beginning, so that who loses the connection before the first event misses none.
    yield `retry: ${RETRY_MS}\nid: ${after}\n\n`
    while (!ended.aborted) {
      bell.hush()
      const page = await stream.read(after)
      if (page.events.length > 0) yield page.events.map((event) => frameOf(event, stream)).join('')
      after = page.next
      const now = performance.now()
      if (now >= heartbeatAt) {
        if (!(await stream.mayGoOn())) return
        yield ': \n\n'
        heartbeatAt = now + heartbeatMs
      }
      if (page.hasMore) continue
      if (now >= end) return
      await bell.wait(Math.min(stream.pollMs, heartbeatAt - now, end - now))
    }
  } finally {
    bell.close()
  }
}

const frameOf = (event: StoredEvent, { placeOf }: Streaming): string =>
  `id: ${placeOf(event)}\ndata: ${JSON.stringify(toldEvent(event))}\n\n`

/** A ring between the look and the wait counts: there is no moment in which one goes unheard. */
function waitingBell({ listen, ended }: Streaming) {
  let isRung = false
  let wake = (): void => {}
  const ring = (): void => {
    isRung = true
    wake()
  }
  const stop = listen(ring)
  ended.addEventListener('abort', ring, { once: true })
  return {
    hush(): void {
      isRung = false
    },
    wait(ms: number): Promise<void> {
      if (isRung || ended.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    close(): void {
      stop()
      ended.removeEventListener('abort', ring)
    },
  }
}
