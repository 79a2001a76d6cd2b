/** Looks for planted values wherever a fleet keeps or tells something. */
import { Redis } from 'ioredis'
import pg from 'pg'

/** The ways a leaked value may be spelled. */
export function spellings(value: string): string[] {
  const bytes = Buffer.from(value)
  return [
    value,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    encodeURIComponent(value),
  ]
}

export async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url)
  try {
    const dumped: string[] = []
    for (const name of await redis.keys('*')) {
      const raw = await redis.dumpBuffer(name)
      dumped.push(name, raw?.toString('latin1') ?? '', await readable(redis, name))
    }
    return dumped.join('\n')
  } finally {
    redis.disconnect()
  }
}

async function readable(redis: Redis, name: string): Promise<string> {
  switch (await redis.type(name)) {
    case 'string':
      return (await redis.get(name)) ?? ''
    case 'hash':
      return JSON.stringify(await redis.hgetall(name))
    case 'list':
      return JSON.stringify(await redis.lrange(name, 0, -1))
    case 'set':
      return JSON.stringify(await redis.smembers(name))
    case 'zset':
      return JSON.stringify(await redis.zrange(name, '0', '-1'))
    case 'stream':
      return JSON.stringify(await redis.xrange(name, '-', '+'))
    default:
      return ''
  }
}

/** Every row as text, but for the documents themselves, which are the invoices. */
export async function dumpTables(adminUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'ksef_documents_raw'`,
    )
    const dumped: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query(`select t::text as row from ${client.escapeIdentifier(name)} t`)
      dumped.push(name, ...rows.map((row) => String(row.row)))
    }
    return dumped.join('\n')
  } finally {
    await client.end()
  }
}
