import { ERRORS } from '../errors.ts'
import type { Webhook } from '../webhooks/webhook.ts'
import { actorFor, type Finding, knownCode } from './finding.ts'

/** Webhooks that the fleet disabled: their owner hears of nothing any more. */
export const diagnoseWebhooks = (webhooks: readonly Webhook[]): Finding[] =>
  webhooks.flatMap(({ id, companyId, name, state, disabledCode, disabledAt }) => {
    // Without a code somebody disabled it on purpose.
    if (state !== 'disabled' || disabledCode === null) return []
    const code = knownCode(disabledCode)
    const list = companyId === null ? '/v1/webhooks' : `/v1/companies/${companyId}/webhooks`
    const named = name === '' ? `The webhook ${id}` : `The webhook "${name}"`
    return [
      {
        code,
        severity: 'warns' as const,
        says: `${named} is disabled and hears of nothing: ${ERRORS[code].means}`,
        since: disabledAt,
        who: actorFor(code),
        do: `${ERRORS[code].help} It is ${list}/${id}.`,
      },
    ]
  })
