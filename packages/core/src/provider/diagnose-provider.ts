import { diagnoseEnd, diagnoseRotation, diagnoseUnusable } from '../companies/diagnose-credentials.ts'
import { diagnoseReach } from '../companies/diagnose-offline.ts'
import { diagnoseWebhooks } from '../companies/diagnose-webhooks.ts'
import { type Finding, worstFirst } from '../companies/finding.ts'
import { whyUnusable } from '../context/choose-credential.ts'
import type { UsableCredential } from '../credentials/credential.ts'
import type { ProviderFacts } from './provider-facts.ts'

const WELL: Finding = {
  code: 'ALL_WELL',
  severity: 'tells',
  says: "Nothing is wrong with the provider's own credentials and webhooks, and KSeF can be reached.",
  who: 'nobody',
  do: 'Nothing. How a company stands tells GET /v1/companies/{companyId}/doctor.',
}

/** What is wrong with what is the provider's own, as `diagnose` tells it of a company: the worst first, never empty. */
export const diagnoseProvider = (facts: ProviderFacts): Finding[] =>
  worstFirst(
    [
      ...diagnoseOwn(facts),
      ...facts.credentials.flatMap((one) => diagnoseRotation(one, facts.now)),
      ...diagnoseWebhooks(facts.webhooks),
      ...diagnoseReach(facts.offline),
    ],
    WELL,
  )

/** Those that sign in nowhere, and those that soon will not. */
function diagnoseOwn({ credentials, now }: ProviderFacts): Finding[] {
  const active = credentials.flatMap(({ credential, versions }): UsableCredential[] => {
    const version = versions.find(({ state }) => state === 'active')
    return version === undefined || credential.state !== 'active' ? [] : [{ ...credential, version }]
  })
  const isWorking = ({ kind, version }: UsableCredential) =>
    kind === 'certificate' && whyUnusable(version, now) === null
  // One certificate opens every context that trusts the provider, so another may do the work of one that is dead.
  const hasAnother = active.some(isWorking)
  return active.flatMap((credential) => {
    const code = whyUnusable(credential.version, now)
    if (code === null) return diagnoseEnd(credential, now)
    const stops = credential.kind === 'certificate' && !hasAnother
    return [diagnoseUnusable(credential, code, stops ? 'stops' : 'warns')]
  })
}
