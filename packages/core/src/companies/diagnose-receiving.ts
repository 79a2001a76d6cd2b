import { meaningOf } from '../errors/stored-code.ts'
import { FAILURES_TOLD_FROM } from '../inbox/sync-schedule.ts'
import type { SyncState } from '../inbox/sync-state.ts'
import type { CompanyFacts } from './company-facts.ts'
import { actorByBlame, counted, type Finding } from './finding.ts'

/** What keeps invoices that others issued from coming in. */
export const diagnoseReceiving = ({
  syncs,
  now,
  company,
}: Pick<CompanyFacts, 'syncs' | 'now'> & { company: Pick<CompanyFacts['company'], 'id'> }): Finding[] =>
  syncs.flatMap((sync) =>
    [
      ...late(sync, now),
      ...(sync.failure !== null && sync.failures >= FAILURES_TOLD_FROM
        ? [
            failing('SYNC_FAILING', `Receiving as ${sync.subjectType}`, {
              ...sync.failure,
              failures: sync.failures,
              since: sync.failingSince,
            }),
          ]
        : []),
      ...(sync.auditFailure !== null && sync.auditFailure.failures >= FAILURES_TOLD_FROM
        ? [
            failing('SYNC_AUDIT_FAILING', `The audit of what came in as ${sync.subjectType}`, {
              ...sync.auditFailure,
              since: new Date(sync.auditFailure.since),
            }),
          ]
        : []),
    ].map((found) => ({ ...found, do: `${found.do} GET /v1/companies/${company.id}/sync tells more.` })),
  )

function late({ subjectType, lateAt, checkpoint, failure, held }: SyncState, now: Date): Finding[] {
  if (lateAt === null || lateAt > now) return []
  const code = held?.code ?? failure?.code
  const says = `What the company received as ${subjectType} is complete up to ${checkpoint.toISOString()} only.`
  return code === undefined
    ? [
        {
          code: 'SYNC_LATE',
          severity: 'warns',
          says,
          since: lateAt,
          who: 'fleet',
          do: 'See that a worker runs and that KSeF answers.',
        },
      ]
    : [{ code: 'SYNC_LATE', severity: 'warns', says, since: lateAt, ...remedyOf(code) }]
}

const failing = (
  finding: 'SYNC_FAILING' | 'SYNC_AUDIT_FAILING',
  what: string,
  {
    code,
    description,
    failures,
    since,
  }: { code: string; description?: string; failures: number; since: Date | null },
): Finding => {
  const said = description === undefined ? '' : ` (${description})`
  const says = `${what} has failed ${counted(failures, 'time')} in a row: ${meaningOf(code).means}${said}`
  return { code: finding, severity: 'warns', says, since, ...remedyOf(code) }
}

const remedyOf = (stored: string): Pick<Finding, 'who' | 'do'> => {
  const { blame, help } = meaningOf(stored)
  return { who: actorByBlame(blame), do: help }
}
