import type { CompanyId } from '@ksef-fleet/core'
import pg from 'pg'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * What opens a company's transaction. The company is local to it: a setting of the session would stay on the connection
 * and show the next user of the pool another company's rows.
 */
export function beginFor(companyId: CompanyId, mode: 'read write' | 'read only' = 'read write'): string[] {
  if (!UUID.test(companyId)) throw new Error('a company id is a UUID')
  return [`begin ${mode}`, `set local fleet.company_id = ${pg.escapeLiteral(companyId)}`]
}
