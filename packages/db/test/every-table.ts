/** One row of a company in every tenant table, written past row-level security. */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'

export async function fillEveryTable(admin: pg.Client, nip: string): Promise<string> {
  const company = randomUUID()
  const [credential, integration, session, document, submission] = Array.from({ length: 5 }, () =>
    randomUUID(),
  )
  const insert = async (table: string, row: Record<string, unknown>) => {
    const columns = Object.keys(row)
    const places = columns.map((_, at) => `$${at + 1}`)
    await admin.query(`insert into ${table} (${columns}) values (${places})`, Object.values(row))
  }
  const now = new Date()
  const own = { company_id: company, created_at: now }
  await insert('companies', { id: company, nip, name: 'Spółka', created_at: now })
  await insert('ksef_credentials', {
    ...own,
    id: credential,
    environment: 'test',
    name: 'token',
    kind: 'token',
    context: { type: 'Nip', value: nip },
    secret_ref: 's',
    state: 'active',
    auto_renew: false,
  })
  await insert('ksef_credential_versions', {
    ...own,
    credential_id: credential,
    // Not the same for both companies and not active, so that only the foreign key can refuse one in the other's place.
    number: Number(nip[0]),
    state: 'retiring',
    next_step_at: now,
    origin: 'supplied',
    tries: 0,
  })
  await insert('ksef_integrations', {
    ...own,
    id: integration,
    environment: 'test',
    context: { type: 'Nip', value: nip },
    scopes: ['InvoiceWrite'],
    state: 'active',
    permissions_in_force: [],
    grant_code: 'KOD',
    nip_proof: { method: 'attested', at: now, by: 'key:1' },
  })
  await insert('ksef_sync_state', {
    company_id: company,
    integration_id: integration,
    subject_type: 'Subject2',
    checkpoint: now,
    updated_at: now,
  })
  await insert('sessions', {
    ...own,
    id: session,
    environment: 'test',
    kind: 'online',
    form_code: 'FA (3)',
    state: 'open',
    reference_number: `ref-${session}`,
    sealed_key: 'k',
    valid_until: now,
    polls: 0,
  })
  await insert('ksef_documents_raw', {
    ...own,
    id: document,
    environment: 'test',
    direction: 'outgoing',
    kind: 'session-upo',
    hash: 'h',
    content: Buffer.from('x'),
    ksef_number: `number-${document}`,
    session_id: session,
  })
  await insert('submissions', {
    ...own,
    id: submission,
    environment: 'test',
    document_id: document,
    upo_document_id: document,
    session_id: session,
    state: 'sent',
    form_code: 'FA (3)',
    seller_nip: nip,
    kind: 'VAT',
    number: 'FV/1',
    issue_date: '2026-11-20',
    invoice_hash: 'h',
    invoice_size: 1,
    attempts: 1,
    fence: 1,
    next_poll_at: now,
    polls: 0,
    updated_at: now,
  })
  await insert('attempts', {
    company_id: company,
    submission_id: submission,
    number: 1,
    session_id: session,
    invoice_hash: 'h',
    fence: 1,
    started_at: now,
  })
  await insert('idempotency_keys', { ...own, key: 'key', fingerprint: 'f', submission_id: submission })
  await insert('api_keys', {
    ...own,
    id: randomUUID(),
    role: 'company',
    name: 'n',
    hint: 'h',
    hash: randomUUID(),
  })
  await insert('events', { company_id: company, type: 't', subject: 's', key: 'k', data: {}, at: now })
  await insert('outbox', { ...own, job: 'send', key: `send-${company}`, payload: {} })
  await insert('ksef_audit_log', {
    company_id: company,
    at: now,
    actor: 'a',
    action: 'b',
    subject: 'c',
    outcome: 'ok',
  })
  return company
}

/** A credential of the provider with one version, written past row-level security; answers its id. */
export async function fillProvider(admin: pg.Client): Promise<string> {
  const id = randomUUID()
  await admin.query(
    `insert into ksef_credentials (id, environment, name, kind, secret_ref, state, auto_renew, created_at)
     values ($1, 'test', 'provider', 'certificate', 's', 'active', false, now())`,
    [id],
  )
  await admin.query(
    `insert into ksef_credential_versions (credential_id, number, state, origin, tries, created_at)
     values ($1, 1, 'active', 'supplied', 0, now())`,
    [id],
  )
  return id
}

/** The one table that belongs to no company: it spans them, and only the system's login reaches it. */
export const SYSTEM_TABLES = ['ksef_audit_seals']

/** Every table of the schema that holds companies' rows, with the column that names the company. Partitions are their log's. */
export async function tenantTables(admin: pg.Client): Promise<{ table: string; companyColumn: string }[]> {
  const { rows } = await admin.query<{ table: string }>(
    `select relname as table from pg_class
      where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
        and not relispartition and relname <> all ($1) order by relname`,
    [SYSTEM_TABLES],
  )
  return rows.map(({ table }) => ({ table, companyColumn: table === 'companies' ? 'id' : 'company_id' }))
}
