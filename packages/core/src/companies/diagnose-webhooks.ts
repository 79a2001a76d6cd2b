import { ERRORS } from '../errors.ts'
import type { CompanyFacts } from './company-facts.ts'
import { actorFor, type Finding, knownCode } from './finding.ts'

/** Webhooks that the fleet disabled: their owner hears of nothing any more. */
export const diagnoseWebhooks = ({
  company,
  webhooks,
}: Pick<CompanyFacts, 'webhooks'> & { company: Pick<CompanyFacts['company'], 'id'> }): Finding[] =>
  webhooks.flatMap(({ id, name, state, disabledCode }) => {
    // Without a code somebody disabled it on purpose.
    if (state !== 'disabled' || disabledCode === null) return []
    const code = knownCode(disabledCode)
    const named = name === '' ? `The webhook ${id}` : `The webhook "${name}"`
    return [
      {
        code,
        severity: 'warns' as const,
        says: `${named} is disabled and hears of nothing: ${ERRORS[code].means}`,
        who: actorFor(code),
        do: `${ERRORS[code].help} It is /v1/companies/${company.id}/webhooks/${id}.`,
      },
    ]
  })
