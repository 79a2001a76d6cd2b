/**
 * How `packages/db` reports every failure of the database: what kind, and never a row, a parameter or a query.
 *
 * conflict     a unique key refused the write; `constraint` names it.
 * unavailable  the server cannot be reached, went away, or ran into a timeout. May pass by itself.
 * refused      everything else it refused: a bug of ours or of the schema.
 */
export class DatabaseFailure extends Error {
  readonly kind: 'conflict' | 'unavailable' | 'refused'
  /** `unknown`: the connection was lost at COMMIT, and the transaction may stand. Read before writing again. */
  readonly outcome: 'not-done' | 'unknown'
  readonly sqlState: string | undefined
  /** Name of the violated constraint. */
  readonly constraint: string | undefined
  readonly table: string | undefined

  constructor(
    kind: 'conflict' | 'unavailable' | 'refused',
    more: { outcome?: 'not-done' | 'unknown'; sqlState?: string; constraint?: string; table?: string } = {},
  ) {
    const outcome = more.outcome ?? 'not-done'
    super(
      [
        'database',
        kind,
        outcome === 'unknown' ? 'at commit' : '',
        more.sqlState,
        more.constraint ?? more.table,
      ]
        .filter(Boolean)
        .join(' '),
    )
    this.name = 'DatabaseFailure'
    this.kind = kind
    this.outcome = outcome
    this.sqlState = more.sqlState
    this.constraint = more.constraint
    this.table = more.table
  }
}

/** True when a unique key refused the write. */
export const isConflict = (error: unknown): error is DatabaseFailure =>
  error instanceof DatabaseFailure && error.kind === 'conflict'

/** True when another transaction held what was to be written for longer than this one waits. */
export const isTakenByOther = (error: DatabaseFailure): boolean => error.sqlState === '55P03'
