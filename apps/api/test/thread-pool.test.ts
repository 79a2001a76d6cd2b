import { expect, test } from 'vitest'
import { createThreadPool } from '../src/thread-pool.ts'

function slowPool(threads: { minThreads: number; maxThreads: number }) {
  const loaded = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const made = createThreadPool<string, string>({
    filename: new URL('./slow-to-load.ts', import.meta.url).href,
    workerData: { loaded },
    ...threads,
  })
  return { ...made, loaded: () => Atomics.load(new Int32Array(loaded), 0) }
}

test('threads that a pool begins with have loaded when it is closed', async () => {
  const { close, loaded } = slowPool({ minThreads: 2, maxThreads: 2 })
  await close()
  expect(loaded()).toBe(2)
})

test('a thread that came for a task has loaded when the pool is closed, though the task was given up', async () => {
  const { pool, close, loaded } = slowPool({ minThreads: 0, maxThreads: 1 })
  const giveUp = new AbortController()
  const task = pool.run('never', { signal: giveUp.signal })
  giveUp.abort()
  await expect(task).rejects.toThrow()
  await close()
  expect(loaded()).toBe(1)
})

test('a closed pool has done what was under way', async () => {
  const { pool, close } = slowPool({ minThreads: 1, maxThreads: 1 })
  const task = pool.run('done')
  await close()
  expect(await task).toBe('done')
})
