import { ACTORS, type Finding, SEVERITIES } from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment, momentOf } from './page.ts'

export const DiagnosisView = z
  .object({
    at: Moment,
    well: z.boolean().meta({ description: 'Nothing stops invoices and nothing is about to.' }),
    findings: z.array(
      z.object({
        code: z.string().meta({ description: 'Stable; of the error codes, or one of the doctor’s own.' }),
        severity: z.enum(SEVERITIES).meta({
          description: '`stops` invoices; `warns` of what fails or soon will; only `tells`.',
        }),
        says: z.string(),
        since: Moment.nullable().meta({ description: 'Since when it is so, where that is known.' }),
        who: z.enum(ACTORS).meta({ description: 'Who must act.' }),
        do: z.string(),
      }),
    ),
  })
  .meta({
    id: 'Diagnosis',
    description:
      'What is wrong with a company’s way to KSeF, or with what is the provider’s own; the worst first.',
  })

export const viewDiagnosis = (at: Date, findings: readonly Finding[]): z.infer<typeof DiagnosisView> => ({
  at: at.toISOString(),
  well: findings.every(({ severity }) => severity === 'tells'),
  findings: findings.map(({ since = null, ...finding }) => ({ ...finding, since: momentOf(since) })),
})
