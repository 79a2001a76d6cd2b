import { sql } from 'drizzle-orm'
import { refusalOfServer } from './server-version.ts'
import type { Tx } from './transaction.ts'

type Login = {
  version: number
  superuser: boolean
  bypassrls: boolean
  owned: number
  tables: number
  forced: number
}

/** Throws unless the login is bound by row-level security, on a server and on tables that can be trusted with it. */
export async function refuseUnsafeLogins(tx: Tx): Promise<void> {
  const login = await readLogin(tx)
  const refusal =
    refusalOfServer(login.version) ??
    (login.superuser ? 'the login is a superuser and passes by row-level security' : null) ??
    (login.bypassrls ? 'the login has BYPASSRLS and passes by row-level security' : null) ??
    (login.owned > 0
      ? 'the login owns tables, or belongs to a role that does, and can undo row-level security'
      : null) ??
    (login.tables === 0 ? 'it has no tables; run the migrations first' : null) ??
    (login.forced < login.tables
      ? 'a table lacks forced row-level security; are the migrations complete?'
      : null)
  if (refusal !== null) throw new Error(`database refused: ${refusal}`)
}

async function readLogin(tx: Tx): Promise<Login> {
  const { rows } = await tx.execute<Login>(sql`
    select current_setting('server_version_num')::int as version,
           r.rolsuper as superuser,
           r.rolbypassrls as bypassrls,
           t.owned, t.tables, t.forced
      from pg_roles r,
           (select count(*)::int as tables,
                   count(*) filter (where pg_has_role(relowner, 'member'))::int as owned,
                   count(*) filter (where relrowsecurity and relforcerowsecurity)::int as forced
              from pg_class
             where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace) t
     where r.rolname = current_user`)
  const [login] = rows
  if (login === undefined) throw new Error('database refused: the login has no role')
  return login
}
