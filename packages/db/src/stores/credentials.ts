import type {
  CompanyId,
  Credential,
  CredentialId,
  CredentialStore,
  KsefEnvironment,
  UsableCredential,
} from '@ksef-fleet/core'
import { and, asc, desc, eq, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefCredentials as table, ksefCredentialVersions as versions } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { credentialVersionStore, versionColumns } from './credential-versions.ts'

/** @param owner null for the provider's own, in the system's transaction. */
export function credentialStore(tx: Tx, owner: CompanyId | null): CredentialStore {
  const mine = owner === null ? isNull(table.companyId) : eq(table.companyId, owner)
  const own = (id: CredentialId) => and(mine, eq(table.id, id))
  const visible = owner === null ? mine : or(mine, isNull(table.companyId))
  const active = async (environment: KsefEnvironment, ofKind: SQL): Promise<UsableCredential[]> => {
    const rows = await tx
      .select({ credential: table, version: versionColumns })
      .from(table)
      .innerJoin(versions, and(eq(versions.credentialId, table.id), eq(versions.state, 'active')))
      .where(and(visible, eq(table.environment, environment), eq(table.state, 'active'), ofKind))
      .orderBy(sql`${table.companyId} is null`, asc(table.createdAt), asc(table.id))
    return rows.map(({ credential, version }) => ({ ...credential, version }))
  }
  return {
    ...credentialVersionStore(tx, owner),
    async insert(credential, first) {
      assertOwner(credential, owner)
      if (first.credentialId !== credential.id) throw new Error('a version belongs to its credential')
      await tx.insert(table).values(credential)
      await tx.insert(versions).values({ ...first, companyId: owner })
    },
    async get(id) {
      const [found] = await tx
        .select()
        .from(table)
        .where(and(visible, eq(table.id, id)))
      return found ?? null
    },
    list: () => tx.select().from(table).where(mine).orderBy(desc(table.createdAt), desc(table.id)),
    usable: (environment) => active(environment, ne(table.kind, 'offline-certificate')),
    signing: (environment) => active(environment, eq(table.kind, 'offline-certificate')),
    async move(id, { from, to }) {
      const moved = await tx
        .update(table)
        .set({ state: to, endedAt: to === 'ended' ? clock : null })
        .where(and(own(id), eq(table.state, from)))
        .returning({ id: table.id })
      return moved.length === 1
    },
    async setAutoRenew(id, autoRenew) {
      await tx.update(table).set({ autoRenew }).where(own(id))
    },
  }
}

function assertOwner(credential: Credential, owner: CompanyId | null): void {
  if (credential.companyId !== owner) throw new Error('a credential belongs to whom it is stored for')
}
