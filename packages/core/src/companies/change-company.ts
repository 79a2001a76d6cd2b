import { faultsOfParticulars } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Company, Particulars } from './company.ts'

/** What of a company may change; its NIP is who it is. Null takes a particular away. */
export type CompanyChange = Partial<Particulars & { name: string }>

export type ChangeRequest = {
  companyId: CompanyId
  change: CompanyChange
  actor: string
  requestId?: string
}

/**
 * Changes what stands on the company's invoices from now on; those that are accepted stay as they are. The audit log tells
 * which fields changed, and not to what.
 *
 * @throws FleetError NOT_FOUND, REQUEST_INVALID for particulars that no invoice can bear
 */
export async function changeCompany(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  { companyId, change, actor, requestId }: ChangeRequest,
): Promise<Company> {
  return deps.db.withCompany(companyId, async (tx) => {
    const before = await tx.companies.get()
    if (before === null) throw new FleetError('NOT_FOUND')
    const after: Company = { ...before, ...change }
    assertParticulars(after, deps.now())
    await tx.companies.change(change)
    await tx.audit.append({
      actor,
      action: 'company.change',
      subject: companyId,
      outcome: 'ok',
      taxpayerNip: before.nip,
      details: { fields: Object.keys(change).sort().join(' ') },
      ...(requestId === undefined ? {} : { requestId }),
    })
    return after
  })
}

/** @throws FleetError REQUEST_INVALID */
export function assertParticulars(company: Company, now: Date): void {
  const faults = faultsOfParticulars(company, now)
  if (faults.length > 0) throw new FleetError('REQUEST_INVALID', { faults })
}
