import {
  type CompanyBudget,
  type CompanyFacts,
  meaningOf,
  SHOWN_GROUPS,
  SUBMISSION_STATES,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { CompanyView, companyLocation, viewCompany } from './company.ts'
import { CredentialOutlookView, viewOutlook } from './credential-outlook.ts'
import { IntegrationView, viewIntegration } from './integration.ts'
import { OfflineView, viewOffline } from './offline.ts'
import { Moment, momentOf } from './page.ts'

export const CompanyStatusView = z
  .object({
    company: CompanyView,
    integration: IntegrationView.nullable(),
    credentials: CredentialOutlookView,
    waiting: z
      .array(
        z.object({
          state: z.enum(SUBMISSION_STATES),
          count: z.int(),
          oldest: Moment,
          reason: z.object({ code: z.string(), means: z.string(), help: z.string() }).nullable(),
        }),
      )
      .meta({ description: 'Pending and held invoices by reason.' }),
    offline: OfflineView,
    blockedUntil: Moment.nullable().meta({ description: 'KSeF is not called before; null when it may be.' }),
    budget: z
      .object({
        counted: z.enum(['fleet', 'estimated']).meta({
          description:
            '`fleet`: counted before each call, for all workers. `estimated`: the counters cannot be read now; from attempts on record. What other software of the company calls is in neither.',
        }),
        limitsReadAt: Moment.nullable().meta({
          description: 'When KSeF told its limits for the context; null while the published ones are used.',
        }),
        groups: z.array(
          z.object({
            group: z.enum(SHOWN_GROUPS).meta({ description: 'Limit group, as KSeF names it.' }),
            blockedUntil: Moment.nullable().meta({
              description: 'KSeF refuses calls of the group until then.',
            }),
            windows: z
              .array(
                z.object({
                  window: z.enum(['second', 'minute', 'hour']),
                  max: z.int(),
                  used: z.int(),
                  left: z.int(),
                  freeAt: Moment.nullable().meta({
                    description: 'When the next call fits, while none does.',
                  }),
                }),
              )
              .meta({ description: 'Sliding windows that bind; they hold together.' }),
          }),
        ),
      })
      .nullable()
      .meta({ description: 'What is left of KSeF’s limits; null without an integration.' }),
    links: z.object({ self: z.string(), doctor: z.string(), permissions: z.string() }),
  })
  .meta({ id: 'CompanyStatus', description: 'How a company stands with KSeF.' })

export function viewCompanyStatus(facts: CompanyFacts): z.infer<typeof CompanyStatusView> {
  const self = companyLocation(facts.company.id)
  const { integration, now } = facts
  const silent = integration?.blockedUntil != null && integration.blockedUntil > now
  return {
    company: viewCompany(facts.company),
    integration: integration === null ? null : viewIntegration(integration),
    credentials: viewOutlook(facts.credentials),
    waiting: facts.waiting.map(({ state, reason, count, oldest }) => ({
      state,
      count,
      oldest: oldest.toISOString(),
      reason:
        reason === null
          ? null
          : { code: reason, means: meaningOf(reason).means, help: meaningOf(reason).help },
    })),
    offline: viewOffline(facts.offline),
    blockedUntil: silent ? momentOf(integration.blockedUntil) : null,
    budget: facts.budget === null ? null : viewBudget(facts.budget),
    links: { self: `${self}/status`, doctor: `${self}/doctor`, permissions: `${self}/permissions` },
  }
}

const viewBudget = ({ counted, limitsReadAt, groups }: CompanyBudget) => ({
  counted,
  limitsReadAt: momentOf(limitsReadAt),
  groups: groups.map(({ group, blockedUntil, windows }) => ({
    group,
    blockedUntil: momentOf(blockedUntil),
    windows: windows.map(({ freeAt, ...window }) => ({ ...window, freeAt: momentOf(freeAt) })),
  })),
})
