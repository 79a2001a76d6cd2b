import { type Context, keyOf, type Subject, type SubjectType } from '../identity.ts'
import {
  type LimitTable,
  NOTHING_BINDS,
  type OverridableGroup,
  PRODUCTION_LIMITS,
  type Thresholds,
} from './groups.ts'

/**
 * What each context and subject is allowed: the published values until `/testdata/*` sets others (limity.md).
 * `off`, the simulator's default, counts no requests of a context until somebody sets limits for it.
 */
export type LimitProfile = 'off' | 'production'

export type SessionAllowance = {
  maxInvoiceSizeInMB: number
  maxInvoiceWithAttachmentSizeInMB: number
  maxInvoices: number
}
export type ContextAllowance = { onlineSession: SessionAllowance; batchSession: SessionAllowance }
export type SubjectAllowance = { maxEnrollments: number; maxCertificates: number }

export type Allowances = {
  /** The table in force for a context: where nothing is counted, it says that nothing binds. */
  requests(context: Context | undefined): LimitTable
  /** Whether requests of this context (or of none) are counted. */
  counts(context: Context | undefined): boolean
  setRequests(context: Context, limits: Readonly<Record<OverridableGroup, Thresholds>>): void
  /** Counts the context by the published table. */
  setProduction(context: Context): void
  resetRequests(context: Context): void
  ofContext(context: Context): ContextAllowance
  setContext(context: Context, allowance: ContextAllowance): void
  resetContext(context: Context): void
  ofSubject(subject: Subject): SubjectAllowance
  setSubject(subject: Subject, allowance: Partial<SubjectAllowance>): void
  resetSubject(subject: Subject): void
}

const CERTIFICATES: Readonly<Record<SubjectType, SubjectAllowance>> = {
  Nip: { maxEnrollments: 300, maxCertificates: 100 },
  Pesel: { maxEnrollments: 12, maxCertificates: 6 },
  Fingerprint: { maxEnrollments: 12, maxCertificates: 6 },
}

/** What tests have set, by `type:value` of the context or subject. */
export type AllowancesState = {
  tables: Map<string, LimitTable>
  contexts: Map<string, ContextAllowance>
  subjects: Map<string, Partial<SubjectAllowance>>
}

type Defaults = {
  profile: LimitProfile
  /** Invoices a session takes, where nobody has set another number. */
  sessionInvoicesMax: number
}

export function createAllowances(
  { profile, sessionInvoicesMax }: Defaults,
  { tables, contexts, subjects }: AllowancesState,
): Allowances {
  const session = {
    maxInvoiceSizeInMB: 1,
    maxInvoiceWithAttachmentSizeInMB: 3,
    maxInvoices: sessionInvoicesMax,
  }
  const tableOf = (context: Context | undefined) =>
    context === undefined ? undefined : tables.get(keyOf(context))
  return {
    requests: (context) => tableOf(context) ?? (profile === 'production' ? PRODUCTION_LIMITS : NOTHING_BINDS),
    counts: (context) => profile === 'production' || tableOf(context) !== undefined,
    setRequests: (context, limits) => void tables.set(keyOf(context), { ...PRODUCTION_LIMITS, ...limits }),
    setProduction: (context) => void tables.set(keyOf(context), PRODUCTION_LIMITS),
    resetRequests: (context) => void tables.delete(keyOf(context)),
    ofContext: (context) =>
      contexts.get(keyOf(context)) ?? { onlineSession: { ...session }, batchSession: { ...session } },
    setContext: (context, allowance) => void contexts.set(keyOf(context), allowance),
    resetContext: (context) => void contexts.delete(keyOf(context)),
    ofSubject: (subject) => ({ ...CERTIFICATES[subject.type], ...subjects.get(keyOf(subject)) }),
    setSubject: (subject, allowance) => void subjects.set(keyOf(subject), allowance),
    resetSubject: (subject) => void subjects.delete(keyOf(subject)),
  }
}
