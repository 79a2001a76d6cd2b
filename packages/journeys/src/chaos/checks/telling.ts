/** What was told of the invoices: in the log of events, and to those who listen. */
import { HEARD_TYPES, type Listener, type Message } from '../process/sink.ts'
import type { EventRow, Evidence, SubmissionRow } from './evidence.ts'
import type { Finding } from './verdict.ts'

/** What became of an invoice; besides, some are told to be held, near their deadline or late. */
const OUTCOMES = new Set(HEARD_TYPES)
const TOLD_OF: Readonly<Record<string, string>> = {
  registered: 'invoice.registered',
  receipted: 'invoice.receipted, invoice.registered',
  rejected: 'invoice.rejected',
}

/** How an invoice ended is in the log: once, under its company, with KSeF's own number. */
export function untoldOf({ submissions, events }: Evidence): Finding[] {
  const outcomes = Map.groupBy(
    events.filter(({ type }) => OUTCOMES.has(type)),
    ({ subject }) => subject,
  )
  return submissions.flatMap((row) =>
    wronglyTold(row, outcomes.get(row.id) ?? []).map((what) => ({ what, where: row.number })),
  )
}

function wronglyTold(row: SubmissionRow, told: readonly EventRow[]): string[] {
  const types = told
    .map(({ type }) => type)
    .sort()
    .join(', ')
  const expected = TOLD_OF[row.state] ?? ''
  if (types !== expected) return [`is ${row.state}, and the log has ${types === '' ? 'nothing' : types}`]
  return told.flatMap(({ company_id, ksef_number, type }) => [
    ...(company_id === row.company_id ? [] : [`${type} stands under another company`]),
    ...(type === 'invoice.rejected' || ksef_number === row.ksef_number
      ? []
      : [`${type} tells of ${ksef_number}`]),
  ])
}

/** Who listens has heard each event of the company, of no other, under one id with one content, in order where asked for. */
export const unheardOf = ({ events, telling }: Evidence): Finding[] => [
  ...telling.listeners.flatMap((listener) => {
    const own = telling.messages.filter(({ companyId }) => companyId === listener.companyId)
    const logged = events.filter(
      ({ company_id, type }) => company_id === listener.companyId && OUTCOMES.has(type),
    )
    return missed(listener, { own, logged }).map((what) => ({ what, where: listener.companyId }))
  }),
  ...(telling.forged === 0
    ? []
    : [{ what: `${telling.forged} messages without a signature`, where: 'webhooks' }]),
]

function missed(
  { companyId, isOrdered }: Listener,
  { own, logged }: { own: readonly Message[]; logged: readonly EventRow[] },
): string[] {
  const ids = logged.map(({ sequence }) => `evt_${companyId}_${sequence}`)
  const taken = own.filter(({ isTaken }) => isTaken).map(({ id }) => id)
  const bodies = Map.groupBy(own, ({ id }) => id)
  const first = [...new Set(taken)]
  const inOrder = ids.filter((id) => first.includes(id))
  return [
    ...ids.filter((id) => !first.includes(id)).map((id) => `${id} was never taken`),
    ...first.filter((id) => !ids.includes(id)).map((id) => `${id} is not in its log`),
    ...[...bodies]
      .filter(([, all]) => new Set(all.map(({ body }) => body)).size > 1)
      .map(([id]) => `${id} came with two contents`),
    ...(isOrdered && first.join() !== inOrder.join() ? ['was not told in order'] : []),
  ]
}
