/** A thread that takes its time to load, as one does on a busy machine, and says when it has. */
import { setTimeout as sleep } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'

const { loaded }: { loaded: SharedArrayBuffer } = workerData

await sleep(300)
Atomics.add(new Int32Array(loaded), 0, 1)

export default function answer(task: string): string {
  return task
}
