/** Everything the checkers judge by: what the client was told, what KSeF knows, what the fleet's rows say. */
import { existsSync, readFileSync } from 'node:fs'
import type { Decision, LedgerSnapshot } from '@ksef-fleet/simulator'
import type { Death } from '../process/fate.ts'
import type { Load } from '../process/load.ts'
import { query } from '../process/servers.ts'
import type { Listener, Message, Sink } from '../process/sink.ts'

export type SubmissionRow = {
  id: string
  company_id: string
  accepted_at: Date
  nip: string
  number: string
  hash: string
  state: string
  ksef_number: string | null
  reason: string | null
  attempts: number
  fence: number
  upo_hash: string | null
  upo_names_number: boolean
  upo_is_whole: boolean
}
export type AttemptRow = {
  submission_id: string
  number: number
  fence: number
  hash: string
  session: string | null
  started_ms: number
  outcome: string | null
}
export type SessionRow = { id: string; reference: string | null; state: string; nip: string }
/** An event of an invoice. @property sequence null until it has its place in the log */
export type EventRow = {
  company_id: string
  type: string
  subject: string
  ksef_number: string | null
  sequence: number | null
}

export type Evidence = {
  load: Load
  ledger: LedgerSnapshot
  calls: { httpStatus: number; operation: string; fault?: string; context?: object }[]
  submissions: SubmissionRow[]
  attempts: AttemptRow[]
  sessions: SessionRow[]
  events: EventRow[]
  telling: { listeners: readonly Listener[]; messages: readonly Message[]; forged: number }
  deaths: Death[]
}

export type { Decision }

const SUBMISSIONS = `
  select s.id, s.company_id, s.created_at as accepted_at, c.nip, s.number, s.invoice_hash as hash, s.state, s.ksef_number, s.reason ->> 'code' as reason,
         s.attempts, s.fence, u.hash as upo_hash,
         coalesce(position(('>' || s.ksef_number || '<')::bytea in u.content) > 0, false) as upo_names_number,
         coalesce(encode(sha256(u.content), 'base64') = u.hash, false) as upo_is_whole
    from submissions s join companies c on c.id = s.company_id
    left join ksef_documents_raw u on u.company_id = s.company_id and u.id = s.upo_document_id`

const ATTEMPTS = `
  select a.submission_id, a.number, a.fence, a.invoice_hash as hash, s.reference_number as session,
         (extract(epoch from a.started_at) * 1000)::float8 as started_ms, a.outcome
    from attempts a left join sessions s on s.company_id = a.company_id and s.id = a.session_id`

const SESSIONS = `
  select s.id, s.reference_number as reference, s.state, c.nip
    from sessions s join companies c on c.id = s.company_id`

const EVENTS = `
  select company_id, type, subject, data ->> 'ksefNumber' as ksef_number, sequence::int
    from events where type like 'invoice.%' order by company_id, sequence`

/** Where the evidence lies. @property sink left out: nobody listened */
export type Scene = { simulatorUrl: string; adminUrl: string; deathsFile: string; sink?: Sink }

export async function gather(
  { simulatorUrl, adminUrl, deathsFile, sink }: Scene,
  load: Load,
): Promise<Evidence> {
  const ledger = await read<LedgerSnapshot>(`${simulatorUrl}/_simulator/ledger`)
  const { calls } = await read<{ calls: Evidence['calls'] }>(`${simulatorUrl}/_simulator/ledger/calls`)
  return {
    load,
    ledger,
    calls,
    submissions: await query<SubmissionRow>(adminUrl, SUBMISSIONS),
    attempts: await query<AttemptRow>(adminUrl, ATTEMPTS),
    sessions: await query<SessionRow>(adminUrl, SESSIONS),
    events: await query<EventRow>(adminUrl, EVENTS),
    telling: {
      listeners: sink?.listeners ?? [],
      messages: sink?.messages ?? [],
      forged: sink?.forged() ?? 0,
    },
    deaths: readDeaths(deathsFile),
  }
}

export function readDeaths(file: string): Death[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Death)
}

async function read<T>(url: string): Promise<T> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  return (await answer.json()) as T
}
