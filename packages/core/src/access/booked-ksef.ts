import { setTimeout as sleep } from 'node:timers/promises'
import { type CallRecord, type KsefClient, limitCounterOf } from '@ksef-fleet/ksef'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { auditOfCall, type CallOwner } from '../audit/audit-of-call.ts'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { budgetGuard } from '../budget/budget-guard.ts'
import type { BudgetScope, RateBudget } from '../budget/rate-budget.ts'
import type { CompanyId } from '../identifiers.ts'
import { type AccessSubject, budgetScopeOf } from './access-subject.ts'

/** What it takes to count calls before they are made, and to book them on the company they are made for. */
export type Booking = {
  ksef: KsefClient
  trail: Pick<AuditTrail, 'record' | 'room'>
  budget: RateBudget
  now: () => Date
}

/** When KSeF says 429 without a readable `Retry-After`; who repeats the step waits longer each time. */
const SILENCE_SECONDS = 60

/** KSeF's client whose every call spends the budget of the subject's context and is told to the audit log as its own. */
export function bookedKsef(deps: Booking, subject: AccessSubject): KsefClient {
  const { companyId, credential, about } = subject
  const owner = {
    actor: 'worker',
    subject: about,
    credentialId: credential.id,
    credentialVersion: credential.version.number,
    ...nipsOf(subject),
  }
  const scope = budgetScopeOf(subject)
  const purpose = subject.purpose ?? 'delivery'
  return bookedOn(deps, companyId, owner)
    .observedBy((call) => blockRefused(deps, scope, call))
    .guardedBy(budgetGuard(deps.budget, { scope, purpose, sleep }))
}

/** A 429 closes its counter for all workers before the next call asks, whatever the step at hand makes of it. */
function blockRefused(
  { budget, now }: Booking,
  scope: BudgetScope,
  { failureKind, operation, retryAfterSeconds = SILENCE_SECONDS }: CallRecord,
): void {
  const counter = limitCounterOf(operation)
  if (failureKind !== 'rate-limited' || counter === null) return
  void budget.block(scope, counter, new Date(now().getTime() + retryAfterSeconds * 1000))
}

/** The same for a call in nobody's context. */
export const bookedOn = (
  { ksef, trail }: Pick<Booking, 'ksef' | 'trail'>,
  companyId: CompanyId | null,
  owner: CallOwner,
): KsefClient => ksef.observedBy((call) => trail.record(auditOfCall(call, owner), companyId))

/** For whom and, where the credential is the provider's, by whom. */
export function nipsOf({
  context,
  credential,
}: AccessSubject): Pick<AuditEntry, 'taxpayerNip' | 'providerNip'> {
  const provider = credential.companyId === null ? nipIn(credential.version.subject) : null
  return {
    ...(context.type === 'Nip' ? { taxpayerNip: context.value } : {}),
    ...(provider === null ? {} : { providerNip: provider }),
  }
}

/** The NIP in a certificate's subject (organizationIdentifier, ETSI EN 319 412-1: `VATPL-` and ten digits). */
const nipIn = (subject: string | null): string | null => /VATPL-(\d{10})/.exec(subject ?? '')?.[1] ?? null
