import { batchOutcome } from './batch/batch.ts'
import { later } from './clock.ts'
import type { InvoiceStatus, SendingSession, SentInvoice } from './stores/sessions.ts'

/**
 * What a caller sees of a session at a moment. States of an interactive session: 100 open → 170 closed, being
 * processed → 200 done | 440 nothing was sent | 445 nothing valid. Of a batch: 100 open for uploads → 150 closed,
 * being processed → its outcome | 440 not closed in time. 415 when the key could not be opened
 * (OpenAPI, schema SessionStatusResponse). Pure.
 */
export type SessionPhase = {
  code: number
  description: string
  details?: string[]
  dateUpdated: Date
}

const isAccepted = (invoice: SentInvoice): boolean => invoice.verdict.code === 200

/** When sending ended: by closing, or by the end of the session's life. Undefined while it is open. */
export function endOf(session: SendingSession, now: Date): Date | undefined {
  return session.closedAt ?? (now >= session.validUntil ? session.validUntil : undefined)
}

function batchPhaseOf({ batch, closedAt, validUntil, dateCreated }: SendingSession, now: Date): SessionPhase {
  const outcome = batch?.outcome
  if (outcome !== undefined && now >= outcome.at) {
    const { at, ...status } = outcome
    return { ...status, dateUpdated: at }
  }
  if (closedAt !== undefined) return { code: 150, description: 'Trwa przetwarzanie', dateUpdated: closedAt }
  if (now >= validUntil) {
    const { at, ...status } = batchOutcome(440, validUntil, 'Przekroczono czas wysyłki')
    return { ...status, dateUpdated: at }
  }
  return { code: 100, description: 'Sesja wsadowa rozpoczęta', dateUpdated: dateCreated }
}

export function phaseOf(session: SendingSession, now: Date, processingDelayMs: number): SessionPhase {
  if (session.imposed !== undefined) {
    const { code, description = `Status ${session.imposed.code}`, details } = session.imposed
    const dateUpdated = session.closedAt ?? session.dateCreated
    return { code, description, dateUpdated, ...(details === undefined ? {} : { details }) }
  }
  const keyJudgedAt = later(session.dateCreated, processingDelayMs)
  if (session.symmetricKey === undefined && now >= keyJudgedAt) {
    return { code: 415, description: 'Błąd odszyfrowania dostarczonego klucza', dateUpdated: keyJudgedAt }
  }
  if (session.batch !== undefined) return batchPhaseOf(session, now)
  const lastSent = session.invoices.at(-1)
  const end = endOf(session, now)
  if (end === undefined) {
    const dateUpdated = lastSent?.receivedAt ?? session.dateCreated
    return { code: 100, description: 'Sesja interaktywna otwarta', dateUpdated }
  }
  const settled = new Date(Math.max(tallyOf(session).settledAt, end.getTime()))
  const done = later(settled, processingDelayMs)
  if (now < done) return { code: 170, description: 'Sesja interaktywna zamknięta', dateUpdated: end }
  if (lastSent === undefined) {
    return { code: 440, description: 'Sesja anulowana', details: ['Nie przesłano faktur'], dateUpdated: done }
  }
  return session.invoices.some(isAccepted)
    ? { code: 200, description: 'Sesja interaktywna przetworzona pomyślnie', dateUpdated: done }
    : { code: 445, description: 'Błąd weryfikacji, brak poprawnych faktur', dateUpdated: done }
}

/** 100, then 150, then the verdict. */
export function invoiceStatusAt(invoice: SentInvoice, now: Date): InvoiceStatus {
  if (now >= invoice.settlesAt) return invoice.verdict
  const halfway = (invoice.receivedAt.getTime() + invoice.settlesAt.getTime()) / 2
  const isFirst = invoice.stuckIn === undefined ? now.getTime() < halfway : invoice.stuckIn === 100
  return isFirst
    ? { code: 100, description: 'Faktura przyjęta do dalszego przetwarzania' }
    : { code: 150, description: 'Trwa przetwarzanie' }
}

export type InvoiceCounts = { total: number; successful: number; failed: number }

/** When the last invoice settles, and the counts from then on; kept, since sessions are asked for again and again. */
type Tally = { settledAt: number; counts: InvoiceCounts }
const tallies = new WeakMap<SendingSession, Tally>()

function tallyOf(session: SendingSession): Tally {
  const known = tallies.get(session)
  if (known !== undefined && known.counts.total === session.invoices.length) return known
  const tally: Tally = {
    settledAt: 0,
    counts: { total: session.invoices.length, successful: 0, failed: 0 },
  }
  for (const invoice of session.invoices) {
    tally.settledAt = Math.max(tally.settledAt, invoice.settlesAt.getTime())
    tally.counts[isAccepted(invoice) ? 'successful' : 'failed'] += 1
  }
  tallies.set(session, tally)
  return tally
}

export function countInvoices(session: SendingSession, now: Date): InvoiceCounts {
  const { settledAt, counts: final } = tallyOf(session)
  if (now.getTime() >= settledAt) return final
  const counts = { total: session.invoices.length, successful: 0, failed: 0 }
  for (const invoice of session.invoices) {
    if (now >= invoice.settlesAt) counts[isAccepted(invoice) ? 'successful' : 'failed'] += 1
  }
  return counts
}
