/** What nobody can leave out of an export on its way to rows: decrypt, unpack, COPY. */
import { createDecipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { SessionKey } from '@ksef-fleet/ksef'
import type pg from 'pg'
import { extract } from 'tar-stream'

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const END = Buffer.from([0xff, 0xff])
/** Rows that are sent together. */
const CHUNK_BYTES = 1_000_000

/** One row of two columns, in PostgreSQL's binary form. */
function rowOf(name: string, content: Buffer): Buffer {
  const named = Buffer.from(name)
  const head = Buffer.alloc(6)
  head.writeInt16BE(2, 0)
  head.writeInt32BE(named.length, 2)
  const size = Buffer.alloc(4)
  size.writeInt32BE(content.length, 0)
  return Buffer.concat([head, named, size, content])
}

/** What a connection of node-postgres can do besides, and its types do not tell. */
type Copying = {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(why: string): void
}
const canCopy = (connection: object): connection is Copying => 'sendCopyFromChunk' in connection

/** COPY FROM STDIN as a statement of node-postgres, which knows the wire and has no words for it. */
class CopyIn implements pg.Submittable {
  readonly done: Promise<void>
  readonly #rows: AsyncIterable<Buffer>
  readonly #text: string
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} }

  constructor(text: string, rows: AsyncIterable<Buffer>) {
    this.#text = text
    this.#rows = rows
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#text)
  }

  handleCopyInResponse(connection: pg.Connection): void {
    if (!canCopy(connection)) throw new TypeError('node-postgres copies no more')
    this.#send(connection).catch((error: unknown) => {
      connection.sendCopyFail('the rows ended early')
      this.#settle.reject(error)
    })
  }

  async #send(connection: Copying): Promise<void> {
    let chunk: Buffer[] = [SIGNATURE]
    let bytes = 0
    for await (const row of this.#rows) {
      chunk.push(row)
      bytes += row.length
      if (bytes < CHUNK_BYTES) continue
      connection.sendCopyFromChunk(Buffer.concat(chunk))
      chunk = []
      bytes = 0
    }
    connection.sendCopyFromChunk(Buffer.concat([...chunk, END]))
    connection.endCopyFrom()
  }

  handleCommandComplete(): void {}
  handleReadyForQuery(): void {
    this.#settle.resolve()
  }
  handleError(error: unknown): void {
    this.#settle.reject(error)
  }
}

async function* rowsOf(paths: readonly string[], key: SessionKey): AsyncGenerator<Buffer> {
  const entries = extract()
  const gunzip = createGunzip({ chunkSize: 131_072 })
  gunzip.pipe(entries)
  for (const path of paths) {
    const decipher = createDecipheriv(
      'aes-256-cbc',
      key.cipherKey.reveal(),
      key.initializationVector.reveal(),
    )
    gunzip.write(decipher.update(readFileSync(path)))
    gunzip.write(decipher.final())
  }
  gunzip.end()
  for await (const entry of entries) {
    const content: Buffer[] = []
    for await (const piece of entry) content.push(piece as Buffer)
    yield rowOf(entry.header.name, Buffer.concat(content))
  }
}

/** Milliseconds until all files of the package are rows that are committed. */
export async function bareExportMs(
  pool: pg.Pool,
  { paths, key }: { paths: readonly string[]; key: SessionKey },
): Promise<number> {
  const client = await pool.connect()
  try {
    await client.query('drop table if exists bare_export')
    await client.query('create table bare_export (name text not null, content bytea not null)')
    await packAsTheFleet(client)
    const began = performance.now()
    const copy = new CopyIn('copy bare_export from stdin with (format binary)', rowsOf(paths, key))
    client.query(copy)
    await copy.done
    return performance.now() - began
  } finally {
    client.release()
  }
}

/** Documents are packed as they are in the fleet's own table: it must not gain by that. */
async function packAsTheFleet(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ method: string }>(
    "select attcompression as method from pg_attribute where attrelid = 'ksef_documents_raw'::regclass and attname = 'content'",
  )
  if (rows[0]?.method === 'l')
    await client.query('alter table bare_export alter column content set compression lz4')
}
