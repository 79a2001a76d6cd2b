/** Judges the evidence. Each count is a promise broken; each finding names the invoice, so that it can be looked for. */
import { parseKsefNumber } from '@ksef-fleet/ksef'
import type { Decision, Evidence, SubmissionRow } from './evidence.ts'
import { unheardOf, untoldOf } from './telling.ts'

export type Finding = { what: string; where: string }

export type Verdict = {
  /** Acknowledged, and neither registered under KSeF's number nor rejected as KSeF did; or registered without our knowing. */
  lost: Finding[]
  /** Two registrations of one invoice, or two submissions for one key. */
  duplicates: Finding[]
  /** We say rejected or held, KSeF registered it. */
  falseFailures: Finding[]
  /** Posted although KSeF had registered these very bytes. */
  needlessResends: Finding[]
  /** An invoice, a session or a call of one company in another's context. */
  crossings: Finding[]
  /** A POST without an attempt that was committed before it. */
  unannounced: Finding[]
  /** Rows that contradict the tables of states or each other. */
  illegal: Finding[]
  /** An outcome that the log of events, or a receiver of webhooks, was not told as it is. */
  untold: Finding[]
  ownRateLimits: number
}

const REGISTERED = new Set(['registered', 'receipted'])

export function judge(evidence: Evidence): Verdict {
  const known = indexOf(evidence)
  return {
    lost: [...lostOf(evidence, known), ...unknownOf(evidence, known)],
    duplicates: duplicatesOf(evidence),
    falseFailures: falseFailuresOf(evidence, known),
    needlessResends: needlessOf(evidence),
    crossings: crossingsOf(evidence, known),
    unannounced: unannouncedOf(evidence),
    illegal: illegalOf(evidence),
    untold: [...untoldOf(evidence), ...unheardOf(evidence)],
    ownRateLimits: evidence.calls.filter(({ httpStatus, fault }) => httpStatus === 429 && fault === undefined)
      .length,
  }
}

type Known = {
  byId: Map<string, SubmissionRow>
  byHash: Map<string, SubmissionRow>
  acceptedByHash: Map<string, Decision>
  decisionsByHash: Map<string, Decision[]>
}

function indexOf({ submissions, ledger }: Evidence): Known {
  const decisionsByHash = Map.groupBy(ledger.decisions, ({ invoiceHash }) => invoiceHash)
  return {
    byId: new Map(submissions.map((row) => [row.id, row])),
    byHash: new Map(submissions.map((row) => [row.hash, row])),
    acceptedByHash: new Map(ledger.accepted.map((decision) => [decision.invoiceHash, decision])),
    decisionsByHash,
  }
}

function lostOf({ load }: Evidence, known: Known): Finding[] {
  return load.acknowledged.flatMap(({ submissionId, number, hash, isTaken }) => {
    const row = known.byId.get(submissionId)
    const found = (what: string): Finding[] => [{ what, where: number }]
    if (row === undefined) return found('acknowledged and not in the database')
    if (row.hash !== hash) return found('stored with other bytes')
    const accepted = known.acceptedByHash.get(hash)
    if (row.state === 'receipted') return receiptedWrongly(row, accepted).flatMap(found)
    if (row.state !== 'rejected') return found(`ended ${row.state} for ${row.reason}`)
    const refusals = known.decisionsByHash.get(hash) ?? []
    const expected = isTaken ? 440 : null
    const refused = refusals.some(({ statusCode }) => statusCode === (expected ?? 440) || statusCode === 450)
    return refused ? [] : found(`rejected for ${row.reason}, which KSeF did not say`)
  })
}

/** Its number is KSeF's and whole, its receipt is its own. */
function receiptedWrongly(row: SubmissionRow, accepted: Decision | undefined): string[] {
  if (accepted === undefined) return ['receipted, and KSeF knows nothing of it']
  if (accepted.ksefNumber !== row.ksef_number)
    return [`has ${row.ksef_number}, KSeF gave ${accepted.ksefNumber}`]
  if (parseKsefNumber(row.ksef_number ?? '') === null) return ['has a KSeF number that is none']
  if (!row.ksef_number?.startsWith(row.nip)) return ["has another seller's KSeF number"]
  if (!row.upo_is_whole || !row.upo_names_number) return ['has a receipt that is not its own or not whole']
  return []
}

/** Registered at KSeF in the name of a company of ours, and no submission has the number. */
function unknownOf({ ledger, submissions }: Evidence, known: Known): Finding[] {
  const nips = new Set(submissions.map(({ nip }) => nip))
  return ledger.accepted.flatMap(({ sellerNip, invoiceHash, invoiceNumber = '', ksefNumber }) => {
    const row = known.byHash.get(invoiceHash)
    if (!nips.has(sellerNip ?? '') || row === undefined) return []
    const same = REGISTERED.has(row.state) && row.ksef_number === ksefNumber
    return same ? [] : [{ what: `registered as ${ksefNumber}, we say ${row.state}`, where: invoiceNumber }]
  })
}

function duplicatesOf({ ledger, load, submissions }: Evidence): Finding[] {
  const twice = [
    ...Map.groupBy(ledger.accepted, ({ sellerNip, invoiceNumber }) => `${sellerNip} ${invoiceNumber}`),
  ]
  const rows = [...Map.groupBy(submissions, ({ nip, number }) => `${nip} ${number}`)]
  return [
    ...twice.filter(([, all]) => all.length > 1).map(([where]) => ({ what: 'registered twice', where })),
    ...rows.filter(([, all]) => all.length > 1).map(([where]) => ({ what: 'two submissions', where })),
    ...load.splitKeys.map((where) => ({ what: 'one key, two submissions', where })),
  ]
}

const falseFailuresOf = ({ submissions }: Evidence, { acceptedByHash }: Known): Finding[] =>
  submissions
    .filter(({ state, hash }) => (state === 'rejected' || state === 'held') && acceptedByHash.has(hash))
    .map(({ number, state, reason }) => ({ what: `${state} for ${reason}`, where: number }))

function needlessOf({ ledger }: Evidence): Finding[] {
  const registered = new Set<string>()
  return ledger.decisions.flatMap(({ invoiceHash, ksefNumber, invoiceNumber = '' }) => {
    if (registered.has(invoiceHash))
      return [{ what: 'posted again after it was registered', where: invoiceNumber }]
    if (ksefNumber !== undefined) registered.add(invoiceHash)
    return []
  })
}

function crossingsOf({ ledger, sessions }: Evidence, { byHash }: Known): Finding[] {
  const ownerOf = new Map(sessions.map(({ reference, nip }) => [reference, nip]))
  return ledger.decisions.flatMap(
    ({ invoiceHash, context, sessionReferenceNumber, sellerNip, invoiceNumber = '' }) => {
      const row = byHash.get(invoiceHash)
      const owner = ownerOf.get(sessionReferenceNumber)
      if (owner === undefined && row === undefined) return []
      const nips = new Set([context.value, owner, row?.nip, sellerNip].filter((nip) => nip !== undefined))
      return nips.size === 1 ? [] : [{ what: `meets ${[...nips].join(' and ')}`, where: invoiceNumber }]
    },
  )
}

function unannouncedOf({ ledger, attempts, submissions }: Evidence): Finding[] {
  const ours = new Set(submissions.map(({ hash }) => hash))
  const announced = Map.groupBy(attempts, ({ hash, session }) => `${hash} ${session}`)
  return ledger.decisions.flatMap(
    ({ invoiceHash, sessionReferenceNumber, receivedAt, invoiceNumber = '' }) => {
      if (!ours.has(invoiceHash)) return []
      const before = announced.get(`${invoiceHash} ${sessionReferenceNumber}`) ?? []
      const received = new Date(receivedAt).getTime()
      // The ledger counts whole milliseconds.
      if (before.some(({ started_ms }) => started_ms <= received + 1)) return []
      return [{ what: 'posted without a committed attempt', where: invoiceNumber }]
    },
  )
}

function illegalOf({ submissions, attempts, sessions }: Evidence): Finding[] {
  const of = Map.groupBy(attempts, ({ submission_id }) => submission_id)
  const rows = submissions.flatMap((row) => {
    const made = of.get(row.id) ?? []
    const fences = made.map(({ fence }) => fence)
    const faults = [
      made.length === row.attempts ? null : `${made.length} attempts written, ${row.attempts} counted`,
      fences.every((fence) => fence <= row.fence) ? null : 'an attempt under a fence that never was',
      new Set(fences).size === fences.length ? null : 'two attempts under one fence',
      REGISTERED.has(row.state) && made.length === 0 ? 'registered and never sent' : null,
    ]
    return faults.filter((fault) => fault !== null).map((what) => ({ what, where: row.number }))
  })
  const references = sessions.flatMap(({ reference }) => reference ?? [])
  const shared =
    new Set(references).size === references.length
      ? []
      : [{ what: 'two rows share a session', where: 'sessions' }]
  return [...rows, ...shared]
}
