import { hasNipChecksum } from '@ksef-fleet/ksef'
import { isConflict } from '../database-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { CompanyId, type Nip } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import { assertParticulars } from './change-company.ts'
import type { Company, Particulars } from './company.ts'

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'newId' | 'now'>

export type NewCompany = Partial<Particulars> & {
  nip: Nip
  name: string
  /** Lets it name a NIP that another company has already: an administrator's decision, and audited as one. */
  shareNip?: boolean
  actor: string
  requestId?: string
}

/**
 * Registers a company. Production KSeF knows no NIP that fails its checksum; elsewhere invented ones are normal. A NIP is
 * one company's, since whoever may act for a company sees all that KSeF holds for its NIP.
 *
 * @throws FleetError REQUEST_INVALID for such a NIP on production and for particulars that no invoice can bear, COMPANY_EXISTS
 *   (with its id) when the NIP is taken
 */
export async function createCompany(deps: Deps, request: NewCompany): Promise<Company> {
  if (deps.environment === 'production' && !hasNipChecksum(request.nip)) {
    const fault = { code: 'NIP_CHECKSUM', message: 'The NIP fails its checksum.', pointer: '/nip' }
    throw new FleetError('REQUEST_INVALID', { faults: [fault] })
  }
  const company: Company = {
    id: CompanyId.parse(deps.newId()),
    nip: request.nip,
    name: request.name,
    nipShared: request.shareNip === true,
    address: request.address ?? null,
    contact: request.contact ?? null,
    bankAccount: request.bankAccount ?? null,
    createdAt: deps.now(),
  }
  assertParticulars(company, company.createdAt)
  try {
    await deps.db.withCompany(company.id, (tx) => write(tx, company, request))
  } catch (error) {
    if (isConflict(error)) throw await existing(deps, request.nip)
    throw error
  }
  return company
}

async function write(
  tx: Pick<CompanyTransaction, 'companies' | 'audit'>,
  company: Company,
  { actor, requestId }: NewCompany,
): Promise<void> {
  await tx.companies.insert(company)
  const act = {
    actor,
    subject: company.id,
    outcome: 'ok' as const,
    taxpayerNip: company.nip,
    ...(requestId === undefined ? {} : { requestId }),
  }
  await tx.audit.append({ ...act, action: 'company.create' })
  if (company.nipShared) await tx.audit.append({ ...act, action: 'company.share-nip' })
}

async function existing(deps: Deps, nip: Nip): Promise<FleetError> {
  const [first] = await deps.db.asSystem('list-companies', (tx) => tx.companies.ofNip(nip))
  return new FleetError('COMPANY_EXISTS', first === undefined ? {} : { existingId: first.id })
}
