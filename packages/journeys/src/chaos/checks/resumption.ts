/** How long after a worker's death sending went on, from the logs of those who took over. */
import { existsSync, readFileSync } from 'node:fs'
import type { Death } from '../process/fate.ts'

type Line = { event?: string; time?: string; submissionId?: string; state?: string }
/** @property isSending the fleet sent it, or found that KSeF has it; else it only heard what became of it */
type Progress = { at: number; submissionId: string; isSending: boolean }

export type Resumptions = {
  /** Until an invoice of the same company was sent again. */
  company: number[]
  /** Until the very invoice that was held was sent, or found to have been. It queues behind the company's others. */
  invoice: number[]
}

const VERDICT = 'delivery.verdict'

/** Milliseconds, sorted; a death that held nothing resumes nothing. */
export function resumptions(
  deaths: readonly Death[],
  from: {
    logFiles: readonly string[]
    companyOf: ReadonlyMap<string, string>
    /** Companies that may have to wait for KSeF's limits, however soon they are looked after. */
    narrow: ReadonlySet<string>
  },
): Resumptions {
  const progress = from.logFiles.filter((name) => existsSync(name)).flatMap(progressIn)
  const byInvoice = Map.groupBy(progress, ({ submissionId }) => submissionId)
  const byCompany = Map.groupBy(progress, ({ submissionId }) => from.companyOf.get(submissionId))
  const struck = deaths
    .flatMap(({ at, held }) => held.map((id) => ({ at, id })))
    .filter(({ id }) => !from.narrow.has(from.companyOf.get(id) ?? ''))
  // What the company's others heard of themselves is no sending; the struck one that has its verdict is not to be sent again.
  const sendingBeside = (id: string) =>
    byCompany
      .get(from.companyOf.get(id))
      ?.filter(({ isSending, submissionId }) => isSending || submissionId === id)
  return { invoice: after(struck, (id) => byInvoice.get(id)), company: after(struck, sendingBeside) }
}

function after(
  struck: readonly { at: number; id: string }[],
  progressOf: (id: string) => readonly Progress[] | undefined,
): number[] {
  const waits = struck.flatMap(({ at, id }) => {
    const later = (progressOf(id) ?? []).map((one) => one.at).filter((moment) => moment >= at)
    return later.length === 0 ? [] : [Math.min(...later) - at]
  })
  return waits.sort((a, b) => a - b)
}

function progressIn(file: string): Progress[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((text) => {
    const { event = '', time = '', submissionId, state } = text.includes('"submissionId"') ? parsed(text) : {}
    const isSending =
      (event === 'delivery.attempt-ended' && state === 'sent') || event === 'delivery.lost-found'
    if (submissionId === undefined || !(isSending || event === VERDICT)) return []
    return [{ at: new Date(time).getTime(), submissionId, isSending }]
  })
}

function parsed(text: string): Line {
  try {
    return JSON.parse(text) as Line
  } catch {
    return {} // the last line of a process that was killed while it wrote
  }
}

/** Writes of workers that woke up, or came late, and found their claim gone. */
export function fencedWrites(logFiles: readonly string[]): number {
  const told = logFiles.filter((name) => existsSync(name)).map((file) => readFileSync(file, 'utf8'))
  return told.reduce((sum, text) => sum + text.split('"delivery.claim-fenced-off"').length - 1, 0)
}

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
