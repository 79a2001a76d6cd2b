/**
 * A statement that travels together with what opens its transaction and, where nothing more is to come, what ends it: one
 * message, one answer. Up to the Sync at its end PostgreSQL skips everything after the first statement that fails, so none
 * of them can run outside of its transaction, which no sending ahead of separate queries could promise.
 *
 * `pg.Query` speaks the protocol; this puts statements before and after its own, as `pg-cursor` puts a portal into it.
 */
import pg from 'pg'

export type Statement = string | pg.QueryConfig | pg.QueryArrayConfig

/** Statements without values and without rows. */
export type Companions = { before: readonly string[]; after: readonly string[] }

type Told = (error: Error | null | undefined, results: pg.QueryResult | pg.QueryResult[]) => void

declare module 'pg' {
  /** What `@types/pg` does not tell of it. */
  interface Query {
    queryMode: string | undefined
    handleCommandComplete(message: unknown, connection: pg.Connection): void
  }
}

class OneTrip extends pg.Query {
  /** Statements that PostgreSQL has carried out. */
  completed = 0

  constructor(
    statement: Statement,
    values: unknown[] | undefined,
    { before, after, told }: Companions & { told: Told },
  ) {
    super(statement, values, told)
    // The simple protocol would end the message after the statement itself.
    this.queryMode = 'extended'
    const submitOwn = this.submit
    this.submit = (connection) => {
      connection.stream.cork()
      try {
        for (const text of before) speak(connection, text)
        return submitOwn.call(this, endingWith(connection, after))
      } finally {
        connection.stream.uncork()
      }
    }
  }

  override handleCommandComplete(message: unknown, connection: pg.Connection): void {
    this.completed++
    super.handleCommandComplete(message, connection)
  }
}

/** The connection, but before its Sync come these statements. */
function endingWith(connection: pg.Connection, after: readonly string[]): pg.Connection {
  const ending: pg.Connection = Object.create(connection)
  ending.sync = () => {
    for (const text of after) speak(connection, text)
    connection.sync()
  }
  return ending
}

function speak(connection: pg.Connection, text: string): void {
  connection.parse({ name: '', text, types: [] }, true)
  connection.bind({}, true)
  connection.execute({}, true)
}

/**
 * Answers the statement's own result.
 *
 * @param failed told of a failure before it is thrown: `known` when the transaction was opened and the connection can go on.
 *   After a statement with a name it cannot: the driver takes the first answer for that name's, and would be wrong for ever.
 */
export function inOneTrip(
  client: pg.ClientBase,
  { statement, values, ...companions }: Companions & { statement: Statement; values: unknown[] | undefined },
  failed: (failure: { known: boolean }) => void,
): Promise<pg.QueryResult> {
  const { before } = companions
  const isNamed = typeof statement === 'object' && statement.name !== undefined
  return new Promise((resolve, reject) => {
    const told: Told = (error, results) => {
      const own = Array.isArray(results) ? results[before.length] : results
      if (!error && own !== undefined) return resolve(own)
      failed({ known: trip.completed >= before.length && !isNamed })
      reject(error ?? new Error('a statement went without an answer'))
    }
    const trip = new OneTrip(statement, values, { ...companions, told })
    client.query(trip)
  })
}
