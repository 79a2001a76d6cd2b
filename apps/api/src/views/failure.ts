import { meaningOf } from '@ksef-fleet/core'
import { z } from 'zod'

export const FailureView = z
  .object({
    code: z.string(),
    means: z.string(),
    help: z.string(),
    blame: z.enum(['caller', 'company', 'ksef', 'fleet']).meta({ description: 'Who must act.' }),
    description: z.string().nullable().meta({ description: "In KSeF's own words, or with the particulars." }),
  })
  .meta({ id: 'Failure', description: 'Why something is not as it should be, in plain words.' })

/** A stored failure, with what its code means today. */
export function viewFailure(
  failure: { code: string; description?: string } | null,
): z.infer<typeof FailureView> | null {
  if (failure === null) return null
  const { means, help, blame } = meaningOf(failure.code)
  return { code: failure.code, means, help, blame, description: failure.description ?? null }
}
