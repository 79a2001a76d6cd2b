import type { CompanyId, CredentialWindow, SessionId, SystemTransaction } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { credentialStore } from './credentials.ts'

/** The provider's own credentials, and two questions across companies about those that any of them uses. */
export const credentialDirectory = (tx: Tx): SystemTransaction['credentials'] => ({
  ...credentialStore(tx, null),
  async unsettledSessions(id, version) {
    const { rows } = await tx.execute<{ companyId: CompanyId; id: SessionId }>(sql`
      with unfinished as (
        select company_id, session_id from submissions where state = 'claimed'
        union select company_id, session_id from submissions where state in ('sent', 'lost')
        union select company_id, session_id from submissions where state = 'registered'
      ), unsettled as (
        select company_id, id, created_at from sessions
         where credential_id = ${id} and credential_version = ${version}
           and state in ('opening', 'open', 'closing', 'closed')
        union
        select s.company_id, s.id, s.created_at
          from unfinished u join sessions s on s.company_id = u.company_id and s.id = u.session_id
         where s.credential_id = ${id} and s.credential_version = ${version}
      )
      select company_id as "companyId", id from unsettled order by created_at, id`)
    return rows
  },
  async isUsedElsewhere({ credentialId, fingerprint, referenceNumber }) {
    const { rows } = await tx.execute<{ used: boolean }>(sql`
      select exists (
        select from ksef_credential_versions v join ksef_credentials c on c.id = v.credential_id
         where v.credential_id <> ${credentialId} and c.state = 'active'
           and v.state in ('staged', 'proved', 'active', 'retiring')
           and (v.fingerprint = ${fingerprint} or v.reference_number = ${referenceNumber})) as used`)
    return rows[0]?.used === true
  },
  async forecast() {
    const { rows } = await tx.execute<{ window: CredentialWindow; count: number }>(sql`
      select expiry_window as "window", count(*)::int as count from ksef_credential_status
       where state = 'active' and version_state = 'active'
       group by 1 order by min(not_after) nulls last`)
    return rows
  },
})
