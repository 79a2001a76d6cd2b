import type { CompanyId, CredentialWindow, SessionId, SystemTransaction } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { credentialStore } from './credentials.ts'

/** The provider's own credentials, and two questions across companies about those that any of them uses. */
export const credentialDirectory = (tx: Tx): SystemTransaction['credentials'] => ({
  ...credentialStore(tx, null),
  async unsettledSessions(id, version) {
    const { rows } = await tx.execute<{ companyId: CompanyId; id: SessionId }>(sql`
      select company_id as "companyId", id from sessions
       where credential_id = ${id} and credential_version = ${version}
         and state in ('opening', 'open', 'closing', 'closed')
       order by created_at, id`)
    return rows
  },
  async forecast() {
    const { rows } = await tx.execute<{ window: CredentialWindow; count: number }>(sql`
      select expiry_window as "window", count(*)::int as count from ksef_credential_status
       where state = 'active' and version_state = 'active'
       group by 1 order by min(not_after) nulls last`)
    return rows
  },
})
