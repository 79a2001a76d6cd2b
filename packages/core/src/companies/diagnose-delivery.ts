import { ERRORS } from '../errors.ts'
import type { CompanyFacts, Waiting } from './company-facts.ts'
import { actorFor, counted, type Finding, knownCode } from './finding.ts'

/** Past this an invoice that could go out and has not is worth a look. */
const PENDING_MS = 15 * 60_000

/** What waits, and for whom. */
export function diagnoseDelivery(facts: CompanyFacts): Finding[] {
  return [
    ...silence(facts),
    ...facts.waiting.filter(({ state }) => state === 'held').map((one) => held(facts, one)),
    ...pending(facts),
    ...spent(facts),
  ]
}

const isSilent = ({ integration, now }: CompanyFacts): boolean =>
  integration?.state === 'active' && integration.blockedUntil !== null && integration.blockedUntil > now

function silence(facts: CompanyFacts): Finding[] {
  if (!isSilent(facts)) return []
  return [
    {
      code: 'KSEF_SILENT',
      severity: 'stops',
      says: `KSeF is not called for this company until ${facts.integration?.blockedUntil?.toISOString()}: it asked for silence, or it or the secret store did not answer.`,
      who: 'ksef',
      do: 'Nothing: the fleet goes on at that time by itself.',
    },
  ]
}

function held({ company }: CompanyFacts, { reason, count, oldest }: Waiting): Finding {
  const code = knownCode(reason ?? '')
  return {
    code,
    severity: 'stops',
    says: `${counted(count, 'invoice')} held, the oldest of ${oldest.toISOString()}: ${ERRORS[code].means}`,
    who: actorFor(code),
    do: `${ERRORS[code].help} GET /v1/companies/${company.id}/invoices?state=held lists them.`,
  }
}

function pending(facts: CompanyFacts): Finding[] {
  const waiting = facts.waiting.filter(({ state }) => state === 'pending')
  const first = waiting.reduce<Date | null>(
    (oldest, one) => (oldest === null || one.oldest < oldest ? one.oldest : oldest),
    null,
  )
  if (first === null) return []
  const count = waiting.reduce((sum, one) => sum + one.count, 0)
  const says = `${counted(count, 'invoice')} pending, the oldest of ${first.toISOString()}.`
  const canGo = facts.integration?.state === 'active' && !isSilent(facts) && !isSpent(facts)
  if (canGo && facts.now.getTime() - first.getTime() > PENDING_MS) {
    const act = 'See that a worker runs; its log and the board over the queues tell what became of them.'
    return [{ code: 'PENDING_LONG', severity: 'warns', says, who: 'fleet', do: act }]
  }
  const why = canGo
    ? 'Nothing: they are on their way.'
    : 'They go out by themselves once the findings above are mended.'
  return [{ code: 'INVOICES_WAIT', severity: 'tells', says, who: 'nobody', do: why }]
}

const isSpent = ({ budget }: CompanyFacts): boolean => budget.some(({ left }) => left === 0)

function spent({ budget }: CompanyFacts): Finding[] {
  return budget
    .filter(({ left }) => left === 0)
    .map(({ window, max, used }) => ({
      code: 'BUDGET_SPENT',
      severity: 'tells',
      says: `${counted(used, 'invoice')} left one by one in the last ${window}, where KSeF takes ${max}; counted here.`,
      who: 'nobody',
      do: 'Nothing: the next go out as the window moves on.',
    }))
}
