import { type AnyJob, type DeliveryContext, type Log, QUEUE_NAMES, type QueueName } from '@ksef-fleet/core'
import { type Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'

/** Checks for stalled jobs within one life of a lock. */
const STALLED_CHECKS_PER_LOCK = 2
/** BullMQ's verdict on a job that stalls is of no interest: the row in PostgreSQL says what is to be done. */
const STALLED_MAX = 20

export type BoundJobs = { close(): Promise<void> }

/** Binds core's jobs to BullMQ's queues. The one place that knows both. */
export function bindJobs(deps: {
  jobs: readonly AnyJob[]
  redis: Redis
  context: DeliveryContext
  concurrency: Record<QueueName, number>
  /**
   * BullMQ's lock, renewed while a job runs. What a dead worker was at, the sweeper finds, and rings for anew; once the lock
   * of its job is over, that job runs as well, and finds nothing left to do.
   */
  lockMs: number
  observe: (run: { job: string; outcome: 'done' | 'failed'; seconds: number }) => void
}): BoundJobs {
  const byName = new Map(deps.jobs.map((job) => [job.name, job]))
  const workers = QUEUE_NAMES.map((name) => {
    const worker = new Worker(name, (job: Job) => run(deps, byName.get(job.name), job), {
      connection: deps.redis,
      concurrency: deps.concurrency[name],
      lockDuration: deps.lockMs,
      stalledInterval: deps.lockMs / STALLED_CHECKS_PER_LOCK,
      maxStalledCount: STALLED_MAX,
    })
    worker.on('error', (error) => deps.context.log.warn({ queue: name, reason: error.name }, 'queue.error'))
    return worker
  })
  return {
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

async function run(
  deps: { context: { log: Log } & DeliveryContext; observe: Parameters<typeof bindJobs>[0]['observe'] },
  known: AnyJob | undefined,
  job: Job,
): Promise<void> {
  const { log } = deps.context
  if (known === undefined) {
    // A newer version's job in a rolling deploy: its row is still due, so a newer worker gets it from the sweeper.
    log.warn({ job: job.name }, 'job.unknown')
    return
  }
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  try {
    await known.run(job.data, deps.context)
    deps.observe({ job: known.name, outcome: 'done', seconds: seconds() })
  } catch (error) {
    deps.observe({ job: known.name, outcome: 'failed', seconds: seconds() })
    log.error({ job: known.name, jobId: job.id, error }, 'job.failed')
    // What is thrown to BullMQ is stored in Redis in clear text: the name says enough, the log has the rest.
    throw new Error(`${known.name} failed: ${error instanceof Error ? error.name : 'unknown'}`)
  }
}
