/** A Redis that may be crashed, and all that befalls one; behind an address that stays. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Services } from '@ksef-fleet/infra'
import { Redis } from 'ioredis'
import { redirectedLine } from '../../fleet/redirected-line.ts'

export type CrashableRedis = AsyncDisposable & {
  url: string
  flush(): Promise<void>
  /** SIGKILL; an empty one takes its place after a while. */
  crash(awayMs: number): Promise<void>
  /** SIGKILL; its replica, which has heard nothing for so long, takes its place after a while: what it has is old. */
  failOver(after: { behindMs: number; awayMs: number }): Promise<void>
  /** It has no memory for what is to be written. */
  fill(forMs: number): Promise<void>
  /** It answers nobody. */
  freeze(forMs: number): Promise<void>
}

const LOOK_MS = 50
const REPLICATED_WITHIN_MS = 20_000

/** @param start starts one, alike each time but for its port and password */
export async function startCrashableRedis(start: () => Promise<Services>): Promise<CrashableRedis> {
  await using started = new AsyncDisposableStack()
  let current = await start()
  started.defer(() => current[Symbol.asyncDispose]())
  const line = started.use(await redirectedLine(current.redisUrl))
  // The passwords of a Redis that comes and goes differ; the fleet knows the first one's, so later ones take it over.
  const { url } = line
  const known = new URL(url).password
  const adopt = async (next: Services): Promise<void> => {
    current = next
    await onRedis(next.redisUrl, (client) => client.config('SET', 'requirepass', known))
    line.redirect(Object.assign(new URL(next.redisUrl), { password: known }).href)
  }
  const end = async (): Promise<void> => {
    await onRedis(url, (client) => kill(client, current.origin.redis === 'local'))
    line.redirect(null)
    await current[Symbol.asyncDispose]()
  }
  const held = started.move()
  return {
    url,
    async flush() {
      await onRedis(url, (client) => client.flushall())
    },
    async crash(awayMs) {
      await end()
      await sleep(awayMs)
      await adopt(await start())
    },
    async failOver({ behindMs, awayMs }) {
      const replica = await start()
      const master = Object.assign(new URL(current.redisUrl), { password: known })
      await onRedis(replica.redisUrl, async (client) => {
        await replicate(client, master)
        await client.replicaof('NO', 'ONE')
      })
      await sleep(behindMs)
      await end()
      await sleep(awayMs)
      await adopt(replica)
    },
    async fill(forMs) {
      await onRedis(url, (client) => client.config('SET', 'maxmemory', '1'))
      await sleep(forMs)
      await onRedis(url, (client) => client.config('SET', 'maxmemory', '0'))
    },
    async freeze(forMs) {
      await onRedis(url, (client) => client.call('CLIENT', 'PAUSE', forMs, 'ALL'))
      await sleep(forMs)
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function replicate(client: Redis, master: URL): Promise<void> {
  // By itself a master waits five seconds for more replicas to come.
  await onRedis(master.href, (one) => one.config('SET', 'repl-diskless-sync-delay', '0'))
  await client.config('SET', 'masterauth', master.password)
  await client.replicaof(master.hostname, master.port)
  const until = Date.now() + REPLICATED_WITHIN_MS
  while (!/master_link_status:up/.test(await client.info('replication'))) {
    if (Date.now() > until) throw new Error('a Redis did not become the replica of another')
    await sleep(LOOK_MS)
  }
}

/** Where its process is out of reach, in a container, it ends itself without saving. */
async function kill(client: Redis, isLocal: boolean): Promise<void> {
  const pid = /process_id:(\d+)/.exec(await client.info('server'))?.[1]
  if (isLocal && pid !== undefined) process.kill(Number(pid), 'SIGKILL')
  else await client.shutdown('NOSAVE').catch(() => undefined)
}

async function onRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null, lazyConnect: true })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
  }
}
