import {
  type KsefStanding,
  type OfflineFacts,
  OUTAGE_KINDS,
  OUTAGE_SOURCES,
  type StoredOutage,
} from '@ksef-fleet/core'
import { OFFLINE_MODES } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { Moment, momentOf } from './page.ts'

export const OfflineMode = z.enum(OFFLINE_MODES).meta({
  id: 'OfflineMode',
  description:
    'How an invoice is issued that does not go to KSeF at once: `offline24` by the issuer’s own choice; `offline` while KSeF is ' +
    'unavailable and says so; `awaria` during a failure that was announced; `totalFailure` during a total failure: then nothing is ' +
    'sent, and the invoice bears no codes.',
})

const KsefSeen = {
  state: z.enum(['online', 'suspect', 'offline']).meta({
    description:
      '`online`: calls are answered; `suspect`: most of the last ones were not, and it is looked into; `offline`: probes confirm it, ' +
      'and invoices are issued in `mode` where the automatic choice is on.',
  }),
  mode: OfflineMode.nullable(),
  since: Moment.nullable(),
}

const seenAs = ({ availability, since }: Pick<OfflineFacts, 'availability' | 'since'>) => ({
  state: availability.state,
  mode: availability.state === 'offline' ? availability.mode : null,
  since: momentOf(since),
})

export const OfflineView = z
  .object({
    automatic: z.boolean().meta({
      description: 'While KSeF cannot be reached, invoices are issued offline without anybody saying so.',
    }),
    ownChoice: z.boolean().meta({ description: 'The company said so; else it is the provider’s wish.' }),
    ksef: z.object(KsefSeen).meta({ description: 'KSeF as the fleet sees it.' }),
    waiting: z
      .int()
      .meta({ description: 'Invoices issued offline with a deadline that KSeF has not registered.' }),
    late: z.int().meta({ description: 'Those of them whose deadline has passed.' }),
    nextDeadline: z.iso
      .date()
      .nullable()
      .meta({ description: 'The last day for the first of the others, in Warsaw.' }),
  })
  .meta({ id: 'Offline', description: 'How it stands with a company’s invoices that are issued offline.' })

export const viewOffline = (facts: OfflineFacts): z.infer<typeof OfflineView> => ({
  automatic: facts.automatic,
  ownChoice: facts.isOwnChoice,
  ksef: seenAs(facts),
  waiting: facts.waiting,
  late: facts.late,
  nextDeadline: facts.nextDeadline,
})

export const OutageKind = z.enum(OUTAGE_KINDS).meta({
  description:
    '`unavailability` niedostępność, `failure` awaria, `totalFailure` awaria całkowita, as the Ministry announces them.',
})

export const OutageView = z
  .object({
    id: z.uuid(),
    kind: OutageKind,
    announcedAt: Moment,
    startAt: Moment,
    endAt: Moment.nullable().meta({ description: 'null: it goes on.' }),
    source: z.enum(OUTAGE_SOURCES),
    note: z.string().nullable(),
    withdrawnAt: Moment.nullable().meta({ description: 'It was told by mistake and counts no more.' }),
  })
  .meta({
    id: 'Outage',
    description: 'A time in which KSeF could not be used, by which deadlines are counted.',
  })

export const viewOutage = (outage: StoredOutage): z.infer<typeof OutageView> => ({
  id: outage.id,
  kind: outage.kind,
  announcedAt: outage.announced.toISOString(),
  startAt: outage.start.toISOString(),
  endAt: momentOf(outage.end),
  source: outage.source,
  note: outage.note,
  withdrawnAt: momentOf(outage.withdrawnAt),
})

export const KsefStandingView = z
  .object({
    environment: z.string(),
    ...KsefSeen,
    lookedAt: Moment.nullable(),
    probes: z.array(z.object({ at: Moment, reached: z.boolean() })),
    lighthouse: z.string().nullable().meta({ description: 'What the lighthouse said last; null: nothing.' }),
    outages: z.array(OutageView).meta({ description: 'The latest first.' }),
  })
  .meta({ id: 'KsefStanding', description: 'Whether KSeF can be reached, and what was announced of it.' })

export const viewKsefStanding = ({
  availability,
  outages,
}: KsefStanding): z.infer<typeof KsefStandingView> => ({
  environment: availability.environment,
  ...seenAs(availability),
  lookedAt: momentOf(availability.lookedAt),
  probes: availability.probes.map(({ at, reached }) => ({ at, reached })),
  lighthouse: availability.lighthouse,
  outages: outages.map(viewOutage),
})
