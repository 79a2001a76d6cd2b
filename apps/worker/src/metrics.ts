import type { CallRecord } from '@ksef-fleet/ksef'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export type WorkerMetrics = ReturnType<typeof createMetrics>

/** What operators watch. Labels are operations and jobs, never companies. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const calls = new Histogram({
    name: 'ksef_call_seconds',
    help: 'Duration of requests to KSeF by operation and how they ended.',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers: [registry],
  })
  const jobs = new Histogram({
    name: 'fleet_job_seconds',
    help: 'Duration of jobs by name and how they ended.',
    labelNames: ['job', 'outcome'],
    buckets: SECONDS,
    registers: [registry],
  })
  const warnings = new Counter({
    name: 'ksef_system_warnings_total',
    help: 'Warnings KSeF attached to its answers, by code.',
    labelNames: ['code'],
    registers: [registry],
  })
  const webhooks = new Counter({
    name: 'fleet_webhook_attempts_total',
    help: 'Events posted to webhooks, by what came of it.',
    labelNames: ['outcome', 'code'],
    registers: [registry],
  })
  return {
    registry,
    call: (call: CallRecord) =>
      calls.observe({ operation: call.operation, outcome: call.failureKind ?? 'ok' }, call.durationMs / 1000),
    job: (run: { job: string; outcome: string; seconds: number }) =>
      jobs.observe({ job: run.job, outcome: run.outcome }, run.seconds),
    webhook: ({ outcome, code }: { outcome: string; code: string | null }) =>
      webhooks.inc({ outcome, code: code ?? '' }),
    warning: (code: string) => warnings.inc({ code }),
  }
}
