import { setTimeout as sleep } from 'node:timers/promises'
import { Piscina } from 'piscina'

const LOOK_MS = 5

export type ThreadPool<Task, Done> = {
  pool: Piscina<Task, Done>
  /** After the tasks under way, and once every thread has loaded. */
  close(): Promise<void>
}

/**
 * A pool whose threads are ended only once they have loaded. A thread that is ended while it loads a module with a top-level
 * `await`, as libxml2-wasm is one, takes the whole process with it (SIGTRAP, "Check failed: (location_) != nullptr").
 *
 * @see https://github.com/nodejs/node/issues/53238
 */
export function createThreadPool<Task, Done>(
  options: ConstructorParameters<typeof Piscina<Task, Done>>[0],
): ThreadPool<Task, Done> {
  const pool = new Piscina<Task, Done>(options)
  const loaded = new Set<number>()
  // The pool calls a thread created when it has loaded, but for those it begins with: their first word says that they have.
  const first = new Set(pool.threads.map(({ threadId }) => threadId))
  for (const thread of pool.threads) {
    const { threadId } = thread
    thread.once('message', () => loaded.add(threadId))
  }
  pool.on('workerCreate', ({ id }: { id: number }) => {
    if (!first.has(id)) loaded.add(id)
  })
  return {
    pool,
    async close() {
      while (pool.threads.some(({ threadId }) => !loaded.has(threadId))) await sleep(LOOK_MS)
      await pool.close()
    },
  }
}
