import type { CompanyFacts } from './company-facts.ts'
import { diagnoseCredentials } from './diagnose-credentials.ts'
import { diagnoseDelivery } from './diagnose-delivery.ts'
import { diagnoseIntegration } from './diagnose-integration.ts'
import { diagnoseOffline } from './diagnose-offline.ts'
import { diagnoseReceiving } from './diagnose-receiving.ts'
import { diagnoseWebhooks } from './diagnose-webhooks.ts'
import { type Finding, worstFirst } from './finding.ts'

const WELL: Finding = {
  code: 'ALL_WELL',
  severity: 'tells',
  says: 'The company signs in to KSeF, its permissions are in force, and nothing stands in the way of its invoices.',
  who: 'nobody',
  do: 'Nothing.',
}

/**
 * What is wrong with a company's way to KSeF, the worst first, and who must act. Never empty: when nothing stops or warns,
 * the first finding says so. Says nothing it was not told: no call leaves, so a fault nobody has met yet is not found.
 */
export function diagnose(facts: CompanyFacts): Finding[] {
  const ofIntegration = diagnoseIntegration(facts)
  // A dead credential shows on the integration too, which says more: whose it is and what became of it.
  const ofCredentials = diagnoseCredentials(facts).filter(
    ({ code }) => !ofIntegration.some((one) => one.code === code),
  )
  const found = [
    ...ofIntegration,
    ...ofCredentials,
    ...diagnoseDelivery(facts),
    ...diagnoseReceiving(facts),
    ...diagnoseWebhooks(facts.webhooks),
    ...diagnoseOffline(facts),
  ]
  return worstFirst(found, WELL)
}
