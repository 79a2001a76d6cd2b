import { ERRORS } from '../errors.ts'
import { ORIGINAL_AWAITED } from '../submissions/correction-order.ts'
import { HELD_BY_PEOPLE } from '../submissions/hold-submission.ts'
import type { ShownBudget } from './company-budget.ts'
import type { CompanyFacts, Waiting } from './company-facts.ts'
import { actorFor, counted, type Finding, knownCode } from './finding.ts'

/** Past this an invoice that could go out and has not is worth a look. */
const PENDING_MS = 15 * 60_000

/** Past this a correction that waits for an original may wait for ever. */
const AWAITING_MS = 24 * 3_600_000

/** What waits, and for whom. */
export function diagnoseDelivery(facts: CompanyFacts): Finding[] {
  return [
    ...silence(facts),
    ...facts.waiting.filter(({ state }) => state === 'held').map((one) => held(facts, one)),
    ...pending(facts),
    ...awaiting(facts),
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

/** Held because it shall not go. */
const AS_WISHED: ReadonlySet<string> = new Set([HELD_BY_PEOPLE, 'TOTAL_FAILURE'])

function held({ company }: CompanyFacts, { reason, count, oldest }: Waiting): Finding {
  const code = knownCode(reason ?? '')
  return {
    code,
    severity: AS_WISHED.has(code) ? 'tells' : 'stops',
    says: `${counted(count, 'invoice')} held, the oldest of ${oldest.toISOString()}: ${ERRORS[code].means}`,
    since: oldest,
    who: actorFor(code),
    do: `${ERRORS[code].help} GET /v1/companies/${company.id}/invoices?state=held lists them.`,
  }
}

function pending(facts: CompanyFacts): Finding[] {
  const waiting = facts.waiting.filter(
    ({ state, reason }) => state === 'pending' && reason !== ORIGINAL_AWAITED,
  )
  const first = waiting.reduce<Date | null>(
    (oldest, one) => (oldest === null || one.oldest < oldest ? one.oldest : oldest),
    null,
  )
  if (first === null) return []
  const count = waiting.reduce((sum, one) => sum + one.count, 0)
  const says = `${counted(count, 'invoice')} pending, the oldest of ${first.toISOString()}.`
  const isReachable = facts.offline.availability.state !== 'offline'
  const canGo = facts.integration?.state === 'active' && isReachable && !isSilent(facts) && !isSpent(facts)
  if (canGo && facts.now.getTime() - first.getTime() > PENDING_MS) {
    const act = 'See that a worker runs; its log and the board over the queues tell what became of them.'
    return [{ code: 'PENDING_LONG', severity: 'warns', says, since: first, who: 'fleet', do: act }]
  }
  const why = canGo
    ? 'Nothing: they are on their way.'
    : 'They go out by themselves once the findings above are mended.'
  return [{ code: 'INVOICES_WAIT', severity: 'tells', says, since: first, who: 'nobody', do: why }]
}

function awaiting({ waiting, now, company }: CompanyFacts): Finding[] {
  return waiting
    .filter(
      ({ state, reason, oldest }) =>
        state === 'pending' && reason === ORIGINAL_AWAITED && now.getTime() - oldest.getTime() > AWAITING_MS,
    )
    .map(({ count, oldest }) => ({
      code: ORIGINAL_AWAITED,
      severity: 'warns',
      says: `${counted(count, 'correction')} ${count === 1 ? 'waits' : 'wait'} for originals, the first since ${oldest.toISOString()}.`,
      since: oldest,
      who: 'company',
      do: `See what keeps the originals: \`waitsFor\` of GET /v1/companies/${company.id}/invoices?reason=ORIGINAL_AWAITED names them. To send a correction without waiting, hold it and release it.`,
    }))
}

const sending = ({ budget }: CompanyFacts) =>
  budget?.groups.filter(({ group }) => group === 'invoiceSend') ?? []

const isSpent = (facts: CompanyFacts): boolean =>
  sending(facts).some(
    ({ windows, blockedUntil }) => blockedUntil !== null || windows.some(({ left }) => left === 0),
  )

function spent(facts: CompanyFacts): Finding[] {
  const groups = facts.budget?.groups ?? []
  return [
    ...groups.flatMap(({ group, blockedUntil }) =>
      blockedUntil === null ? [] : [refused(group, blockedUntil)],
    ),
    ...sending(facts).flatMap(({ windows }) => windows.filter(({ left }) => left === 0).map(spentWindow)),
  ]
}

const spentWindow = ({ window, max, used }: ShownBudget['windows'][number]): Finding => ({
  code: 'BUDGET_SPENT',
  severity: 'tells',
  says: `${counted(used, 'invoice')} left one by one in the last ${window}, where KSeF takes ${max}; counted here.`,
  who: 'nobody',
  do: 'Nothing: the next go out as the window moves on.',
})

const refused = (group: string, until: Date): Finding => ({
  code: 'KSEF_RATE_LIMITED',
  severity: 'warns',
  says: `KSeF refuses calls of the group ${group} until ${until.toISOString()}: its limit was overstepped.`,
  who: 'ksef',
  do: 'Nothing: the fleet goes on at that time. Does other software call KSeF for this company from the same address?',
})
