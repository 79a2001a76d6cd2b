import { SUBJECT_TYPES, type SyncStanding } from '@ksef-fleet/core'
import { z } from 'zod'
import { FailureView, viewFailure } from './failure.ts'
import { Moment, momentOf } from './page.ts'

export const SubjectTypeInput = z.enum(SUBJECT_TYPES).meta({
  description:
    '`Subject1` seller, `Subject2` buyer, `Subject3` third party, `SubjectAuthorized` authorised party.',
})

const Sync = z
  .object({
    role: SubjectTypeInput,
    enabled: z.boolean(),
    startAt: Moment.meta({ description: 'From when on invoices are wanted.' }),
    completeUpTo: Moment.meta({
      description:
        'Of all that KSeF stored from the start up to here nothing is missing. Proved by windows without a gap.',
    }),
    progress: z.number().min(0).max(1).meta({ description: 'Of the way from the start to the present.' }),
    lagSeconds: z.number().meta({ description: 'Since `completeUpTo`.' }),
    late: z.boolean().meta({ description: 'It came to nothing for too long.' }),
    intervalMinutes: z.number().nullable().meta({ description: 'null: once a night.' }),
    nextAt: Moment.nullable().meta({ description: 'When its next step is due; null while it is held.' }),
    completedAt: Moment.nullable().meta({ description: 'When nothing was left to ask for.' }),
    held: FailureView.nullable().meta({ description: 'Why it does not go on by itself.' }),
    failures: z.int().meta({ description: 'In a row.' }),
    lastFailure: FailureView.extend({ at: Moment })
      .nullable()
      .meta({ description: 'null once it came through again.' }),
    windows: z.object({ count: z.int(), listed: z.int(), added: z.int() }).meta({
      description: 'Stretches of time of which all is here, what KSeF listed in them, and what was new.',
    }),
    missing: z.int().meta({ description: 'Documents that KSeF lists and did not give yet.' }),
    audit: z
      .object({ at: Moment, from: Moment, to: Moment, listed: z.int(), missing: z.int() })
      .nullable()
      .meta({ description: 'The last look at a past window: what KSeF listed, and what had not been here.' }),
  })
  .meta({ id: 'Sync' })

export const SyncsView = z
  .object({ syncs: z.array(Sync) })
  .meta({ id: 'Syncs', description: 'How receiving stands, by role; empty before it has begun.' })

export const viewSyncs = (standings: readonly SyncStanding[]): z.infer<typeof SyncsView> => ({
  syncs: standings.map(viewSync),
})

const SECONDS_PER_MINUTE = 60

function viewSync(standing: SyncStanding): z.infer<typeof Sync> {
  const { state, audit, missing, windows, progress, lagSeconds, isLate, completeUpTo } = standing
  const failed = viewFailure(state.failure)
  return {
    role: state.subjectType,
    enabled: state.isEnabled,
    startAt: state.startAt.toISOString(),
    completeUpTo: completeUpTo.toISOString(),
    progress,
    lagSeconds,
    late: isLate,
    intervalMinutes: state.intervalSeconds === null ? null : state.intervalSeconds / SECONDS_PER_MINUTE,
    nextAt: momentOf(state.nextSyncAt),
    completedAt: momentOf(state.completedAt),
    held: viewFailure(state.held),
    failures: state.failures,
    lastFailure: failed === null || state.failure === null ? null : { ...failed, at: state.failure.at },
    windows,
    missing,
    audit:
      audit === null
        ? null
        : {
            ...audit,
            at: audit.at.toISOString(),
            from: audit.from.toISOString(),
            to: audit.to.toISOString(),
          },
  }
}
