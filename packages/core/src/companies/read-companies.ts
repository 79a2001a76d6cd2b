import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { CompanyId } from '../identifiers.ts'
import type { Caller } from '../keys/authenticate.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import type { Company } from './company.ts'

/** @throws FleetError NOT_FOUND */
export async function readCompany(deps: Pick<CoreDependencies, 'db'>, id: CompanyId): Promise<Company> {
  const company = await deps.db.readCompany(id, (reads) => reads.companies.get())
  if (company === null) throw new FleetError('NOT_FOUND')
  return company
}

/**
 * One page of the companies the caller may see: all for the provider, its own for a company.
 *
 * @param page.limit 1 to 200.
 * @throws FleetError CURSOR_INVALID
 */
export async function listCompanies(
  deps: Pick<CoreDependencies, 'db'> & { cursorKey: Uint8Array },
  page: { caller: Caller; limit: number; cursor?: string },
): Promise<{ companies: Company[]; nextCursor: string | null }> {
  if (page.caller.scope === 'company') {
    return { companies: [await readCompany(deps, page.caller.companyId)], nextCursor: null }
  }
  const owner = ['companies']
  const position = page.cursor === undefined ? undefined : readCursor(deps.cursorKey, owner, page.cursor)
  if (position === null) throw new FleetError('CURSOR_INVALID')
  const after = position === undefined ? undefined : CompanyId.parse(position.id)
  const found = await deps.db.asSystem('list-companies', (tx) =>
    tx.companies.list({ limit: page.limit + 1, ...(after === undefined ? {} : { after }) }),
  )
  const companies = found.slice(0, page.limit)
  const last = companies.at(-1)
  const more = found.length > page.limit && last !== undefined
  return { companies, nextCursor: more ? writeCursor(deps.cursorKey, owner, { id: last.id }) : null }
}
