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
    start_at: now,
    checkpoint: now,
    next_sync_at: now,
    updated_at: now,
  })
  const sync = { company_id: company, integration_id: integration, subject_type: 'Subject2' }
  await insert('ksef_exports', {
    ...sync,
    id: randomUUID(),
    purpose: 'sync',
    state: 'ordered',
    window_from: now,
    sealed_key: 'k',
    compression: 'TarGz',
    polls: 0,
    fetches: 0,
    give_up_at: now,
    created_at: now,
  })
  await insert('ksef_sync_windows', {
    ...sync,
    id: randomUUID(),
    window_from: now,
    window_to: now,
    source: 'export',
    listed: 0,
    added: 0,
    created_at: now,
  })
  await insert('ksef_missing_documents', {
    ...sync,
    ksef_number: `missing-${company}`,
    invoice_hash: 'h',
    code: 'DOCUMENT_MISSING',
    tries: 0,
    next_try_at: now,
    found_at: now,
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
  await insert('session_parts', {
    company_id: company,
    session_id: session,
    ordinal_number: 1,
    file_size: 1,
    file_hash: 'h',
    sealed_upload: 's',
  })
  await insert('ksef_rate_blocks', {
    company_id: company,
    integration_id: integration,
    limit_group: 'invoiceSend',
    blocked_until: now,
  })
  await insert('offline_settings', { company_id: company, automatic: true, changed_at: now })
  const batch = randomUUID()
  await insert('batches', { ...own, id: batch, environment: 'test', source: 'files', invoice_count: 1 })
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
  await insert('ksef_documents', {
    ...own,
    document_id: document,
    environment: 'test',
    direction: 'incoming',
    roles: ['Subject2'],
    ksef_number: `number-${document}`,
    hash: 'h',
    size: 1,
    third_parties: '[]',
    corrected_count: 0,
    is_self_invoicing: false,
    has_attachment: false,
    search: 'x',
  })
  await insert('submissions', {
    ...own,
    id: submission,
    environment: 'test',
    document_id: document,
    upo_document_id: document,
    batch_id: batch,
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
    offline_mode: 'offline24',
    offline_choice: 'caller',
    corrects_id: submission,
    corrects_hash: 'h',
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
  const endpoint = randomUUID()
  await insert('webhook_endpoints', {
    ...own,
    id: endpoint,
    url: 'https://receiver.example/',
    name: 'n',
    ordered: false,
    state: 'enabled',
    secrets: '[]',
    failures: 0,
  })
  // Not the same for both companies, so that only the foreign key can refuse one in the other's place.
  const ofEndpoint = { endpoint_id: endpoint, event_id: Number(nip[0]), company_id: company }
  await insert('webhook_deliveries', {
    ...ofEndpoint,
    lane: company,
    position: 1,
    state: 'dead',
    attempts: 1,
    tries: 1,
    fence: 1,
    created_at: now,
  })
  await insert('webhook_attempts', { ...ofEndpoint, number: 1, at: now, duration_ms: 1 })
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

/** They tell of KSeF and of nobody: every company reads them, and none writes. */
export const SHARED_TABLES = ['ksef_availability', 'ksef_outages']
/** Tables that belong to no company: they span them, and only the system's login reaches them, but for the shared ones. */
export const SYSTEM_TABLES = [
  'event_retirement',
  'ksef_audit_seals',
  'ksef_call_counts',
  'worker_presences',
  ...SHARED_TABLES,
]

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
