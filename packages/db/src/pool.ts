import pg from 'pg'

export type PoolOptions = {
  url: string
  /** Connections at most. */
  size: number
  /** What `pg_stat_activity` shows. */
  name: string
  /** Settings of its connections beside the pool's own, as PostgreSQL's command line takes them. */
  options?: string
}

const CONNECT_MS_MAX = 5_000
const STATEMENT_MS_MAX = 15_000
const LOCK_MS_MAX = 5_000
const IDLE_IN_TRANSACTION_MS_MAX = 30_000
/** When a network swallows the answer, nobody else ends the wait. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 5_000

/**
 * A pool in which nothing waits for ever: not for a free connection, a lock, a statement or an answer, and no forgotten
 * transaction holds its locks. `search_path` is pinned, so that no other schema can put itself before ours.
 */
export function openPool({ url, size, name, options = '' }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    application_name: name,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    lock_timeout: LOCK_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    options: `-c search_path=public,pg_temp -c timezone=UTC ${options}`,
  })
  // An idle connection died: the pool has dropped it already, and whoever needs one next gets a fresh one or the failure.
  pool.on('error', () => {})
  return pool
}
