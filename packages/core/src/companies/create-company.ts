import { hasNipChecksum } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { CompanyId, type Nip } from '../identifiers.ts'
import { isConflict } from '../stores.ts'
import type { Company } from './company.ts'

/**
 * Registers a company. Production KSeF knows no NIP that fails its checksum; elsewhere invented ones are normal.
 *
 * @throws FleetError REQUEST_INVALID for such a NIP on production, COMPANY_EXISTS when its NIP is already here.
 */
export async function createCompany(
  deps: Pick<CoreDependencies, 'db' | 'environment' | 'newId' | 'now'>,
  request: { nip: Nip; name: string; actor: string },
): Promise<Company> {
  if (deps.environment === 'production' && !hasNipChecksum(request.nip)) {
    const fault = { code: 'NIP_CHECKSUM', message: 'The NIP fails its checksum.', pointer: '/nip' }
    throw new FleetError('REQUEST_INVALID', { faults: [fault] })
  }
  const company: Company = {
    id: CompanyId.parse(deps.newId()),
    nip: request.nip,
    name: request.name,
    createdAt: deps.now(),
  }
  try {
    await deps.db.withCompany(company.id, async (tx) => {
      await tx.companies.insert(company)
      await tx.audit.append({
        actor: request.actor,
        action: 'company.create',
        subject: company.id,
        outcome: 'ok',
      })
    })
  } catch (error) {
    if (isConflict(error)) throw new FleetError('COMPANY_EXISTS')
    throw error
  }
  return company
}
