/** How long after a worker's death sending went on, from the logs of those who took over. */
import { existsSync, readFileSync } from 'node:fs'
import type { Death } from '../process/fate.ts'

type Line = { event?: string; time?: string; submissionId?: string; state?: string }
/** @property isSending the fleet sent it, or found that KSeF has it; else it only heard what became of it */
type Progress = { at: number; submissionId: string; isSending: boolean }

export type Resumptions = {
  /**
   * Until the company's next invoice was sent, from its acceptance where that came after the death; or until the one that was held
   * was found in KSeF or had its verdict.
   */
  company: number[]
  /**
   * Until the very invoice that was held was sent, or found to have been. One whose POST was under way is first looked for, and its
   * session closed; one that the next worker died of as well counts from that death on.
   */
  invoice: number[]
  /** Invoices held by a worker that died, and again by the one that took over, before it was sent. */
  struckAgain: number
}

/** @property acceptedAt by this machine's clock */
export type Accepted = { companyId: string; acceptedAt: Date }

const VERDICT = 'delivery.verdict'

/** Milliseconds, sorted; a death that held nothing resumes nothing. */
export function resumptions(
  deaths: readonly Death[],
  from: {
    logFiles: readonly string[]
    submissions: ReadonlyMap<string, Accepted>
    /** Companies that may have to wait for KSeF's limits, however soon they are looked after. */
    narrow: ReadonlySet<string>
  },
): Resumptions {
  const progress = from.logFiles.filter((name) => existsSync(name)).flatMap(progressIn)
  const companyOf = (id: string) => from.submissions.get(id)?.companyId ?? ''
  const byInvoice = Map.groupBy(progress, ({ submissionId }) => submissionId)
  const byCompany = Map.groupBy(progress, ({ submissionId }) => companyOf(submissionId))
  const struck = deaths
    .flatMap(({ at, held }) => held.map((id) => ({ at, id })))
    .filter(({ id }) => !from.narrow.has(companyOf(id)))
  const diedAgain = (id: string, since: number, until: number): boolean =>
    struck.some((other) => other.id === id && other.at > since && other.at < until)
  const company = struck.flatMap(({ at, id }) => {
    // What the company's others heard of themselves is no sending.
    const sendings = byCompany
      .get(companyOf(id))
      ?.filter(({ isSending, submissionId }) => isSending || submissionId === id)
    const next = firstSince(at, sendings)
    if (next === undefined) return []
    const acceptedAt = from.submissions.get(next.submissionId)?.acceptedAt.getTime() ?? 0
    return [Math.max(0, next.at - Math.max(at, acceptedAt))]
  })
  const invoice = struck.flatMap(({ at, id }) => {
    const next = firstSince(at, byInvoice.get(id))
    return next === undefined || diedAgain(id, at, next.at) ? [] : [next.at - at]
  })
  const struckAgain = struck.filter(({ at, id }) =>
    diedAgain(id, at, firstSince(at, byInvoice.get(id))?.at ?? 0),
  )
  return { company: sorted(company), invoice: sorted(invoice), struckAgain: struckAgain.length }
}

function firstSince(at: number, progress: readonly Progress[] = []): Progress | undefined {
  const later = progress.filter((one) => one.at >= at)
  return later.reduce<Progress | undefined>(
    (first, one) => (first === undefined || one.at < first.at ? one : first),
    undefined,
  )
}

const sorted = (waits: number[]): number[] => waits.sort((a, b) => a - b)

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
