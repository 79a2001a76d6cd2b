import type { CompanyId } from '@ksef-fleet/core'
import pg from 'pg'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The company is local to the transaction: a setting of the session would stay on the connection and show the next
 * user of the pool another company's rows. One round trip opens the transaction and sets it.
 */
export function beginFor(companyId: CompanyId): string {
  if (!UUID.test(companyId)) throw new Error('a company id is a UUID')
  return `begin; select set_config('fleet.company_id', ${pg.escapeLiteral(companyId)}, true)`
}
