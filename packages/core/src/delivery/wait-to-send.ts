import type { KsefFailure } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import type { DeliveryContext } from './delivery-context.ts'

/**
 * What is to be sent for the company waits as long as that which just failed. Where a limit is spent, ours or KSeF's count of
 * it, only sending waits; where KSeF does not answer as it should, every call of the context does.
 */
export async function waitToSend(
  { db }: DeliveryContext,
  { companyId, integration }: CompanyKsef,
  { failure, until }: { failure: KsefFailure; until: Date },
): Promise<void> {
  const isLimit = failure.kind === 'held-back' || failure.kind === 'rate-limited'
  await db.withCompany(companyId, ({ integrations }) =>
    isLimit
      ? integrations.setDispatchAt(integration.id, until)
      : integrations.blockUntil(integration.id, until),
  )
}
