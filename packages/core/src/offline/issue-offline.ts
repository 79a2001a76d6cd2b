/** How an invoice is issued when it is accepted: online, or offline in a mode, with its deadline. Pure. */
import { alarmStateAt, type Deadline, deadlineOf, type OfflineMode, type Outage } from '@ksef-fleet/ksef'
import type { Submission } from '../submissions/submission.ts'
import type { KsefAvailability } from './availability.ts'
import type { KnownOutages } from './offline-store.ts'

/** What a submission keeps of having been issued offline. */
export type IssuedOffline = Pick<
  Submission,
  'offlineMode' | 'offlineChoice' | 'deadline' | 'outagesAt' | 'alarmAt'
>

export const ONLINE: IssuedOffline = {
  offlineMode: null,
  offlineChoice: null,
  deadline: null,
  outagesAt: null,
  alarmAt: null,
}

/** What decides about the mode of an invoice. */
export type OfflineGround = {
  availability: KsefAvailability['availability']
  /** Whether invoices are issued offline without anybody saying so, as company and provider want it. */
  automatic: boolean
  /** Whether an administrator told of a total failure that lasts. */
  isTotalFailure: boolean
}

/**
 * The caller's word counts; without it KSeF's availability does, where the automatic choice is not turned off. A total failure,
 * in which an invoice is kept for good, is chosen only where an administrator told of one.
 */
export function chooseMode(
  wanted: OfflineMode | undefined,
  { availability, automatic, isTotalFailure }: OfflineGround,
): Pick<IssuedOffline, 'offlineMode' | 'offlineChoice'> {
  if (wanted !== undefined) return { offlineMode: wanted, offlineChoice: 'caller' }
  if (!automatic || availability.state !== 'offline') return ONLINE
  return { offlineMode: isTotalFailure ? 'totalFailure' : availability.mode, offlineChoice: 'policy' }
}

export type Reckoned = Pick<IssuedOffline, 'deadline' | 'outagesAt' | 'alarmAt'>

type OfflineInvoice = {
  mode: OfflineMode
  issueDate: string
  /** null: nobody knows. */
  issuedAt: Date | null
}

/**
 * When an invoice was issued offline, where the moment of its acceptance tells: where we chose the mode then, and of `offline24`,
 * where the latest moment it can have been makes the earliest deadline. What a caller says of an outage may have been issued
 * while that lasted and posted after it.
 */
export const issuedAtOf = ({
  offlineMode,
  offlineChoice,
  createdAt,
}: Pick<Submission, 'offlineMode' | 'offlineChoice' | 'createdAt'>): Date | null =>
  offlineChoice === 'policy' || offlineMode === 'offline24' ? createdAt : null

/**
 * The deadline by what is known of outages, and when its next alarm is due. A deadline that moved begins its stages anew.
 *
 * @param invoice.told the last stage that was told of the deadline `before`
 */
export function reckon(
  invoice: OfflineInvoice & { told: Submission['alarmStage']; before: string | null },
  { outages, changedAt }: KnownOutages,
  now: Date,
): Reckoned {
  const deadline = deadlineFor(invoice, outages)
  if (deadline.kind !== 'by') return { deadline: null, outagesAt: changedAt, alarmAt: null }
  const { day } = deadline
  const { stage, next } = alarmStateAt(deadline, now)
  const told = day === invoice.before ? invoice.told : null
  // What was reached and not told yet is told now.
  return { deadline: day, outagesAt: changedAt, alarmAt: stage === told ? (next?.at ?? null) : now }
}

export const deadlineFor = (
  { mode, issueDate, issuedAt }: OfflineInvoice,
  outages: readonly Outage[],
): Deadline => deadlineOf({ mode, issuedOn: issueDate, ...(issuedAt === null ? {} : { issuedAt }), outages })
