/** What befalls servers and workers while invoices flow: a script in fixed order, spread over the time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { dumpRedis } from '../../leaks/search.ts'
import { choice } from '../chance.ts'
import { replaceCredential, type StormCompany } from '../process/companies.ts'
import type { Stack } from '../process/stack.ts'

export type Blow =
  | 'redis-flush'
  | 'redis-crash'
  | 'postgres-crash'
  | 'freeze'
  | 'deploy'
  | 'api-crash'
  | 'keys-planned'
  | 'keys-emergency'
  | 'credential'

/** One round; longer storms go round again. */
export const ROUND: readonly Blow[] = [
  'redis-flush',
  'freeze',
  'credential',
  'keys-planned',
  'redis-crash',
  'api-crash',
  'postgres-crash',
  'freeze',
  'redis-flush',
  'keys-emergency',
  'redis-crash',
  'deploy',
]

/** Longer than a claim's lease, so that whoever wakes finds its claim gone. */
const FREEZE_MS = 4_000
/** An attempt is written and its POST has not left; the POST has been answered and that is not written yet. */
const FREEZE_AT = ['sendInvoice before', 'sendInvoice after'] as const
const REDIS_AWAY_MS = 500

export type StormRecord = {
  blows: Record<Blow, number>
  /** What Redis held before it was emptied, for the search for secrets. */
  redisDumps: string[]
  /** The seals that took the place of others. */
  newSecrets: string[]
  failed: string[]
}

export async function storm(
  stack: Stack,
  companies: readonly StormCompany[],
  { durationMs, rounds, log }: { durationMs: number; rounds: number; log: (line: string) => void },
): Promise<StormRecord> {
  const script = Array.from({ length: rounds }, () => ROUND).flat()
  const blows = Object.fromEntries(ROUND.map((blow) => [blow, 0])) as Record<Blow, number>
  const record: StormRecord = { blows, redisDumps: [], newSecrets: [], failed: [] }
  const started = Date.now()
  for (const [index, blow] of script.entries()) {
    const dueMs = ((index + 1) / (script.length + 1)) * durationMs - (Date.now() - started)
    if (dueMs > 0) await sleep(dueMs)
    log(`storm: ${blow}`)
    try {
      await strike(stack, { blow, index, record, companies })
      record.blows[blow] += 1
    } catch (error) {
      record.failed.push(`${blow}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return record
}

async function strike(
  stack: Stack,
  struck: { blow: Blow; index: number; record: StormRecord; companies: readonly StormCompany[] },
): Promise<void> {
  const { blow, index, record, companies } = struck
  switch (blow) {
    case 'redis-flush':
      record.redisDumps.push(await dumpRedis(stack.servers.redis.url))
      return stack.servers.redis.flush()
    case 'redis-crash':
      return stack.servers.redis.crash(REDIS_AWAY_MS)
    case 'postgres-crash':
      return stack.servers.crashPostgres()
    case 'freeze':
      return stack.slots.freeze(index, { at: choice(FREEZE_AT, index), ms: FREEZE_MS })
    case 'deploy':
      return stack.slots.deploy()
    case 'api-crash':
      return stack.crashApi()
    case 'keys-planned':
      return control(stack, '/keys/rotate', { mode: 'planned' })
    case 'keys-emergency':
      return control(stack, '/keys/rotate', { mode: 'emergency' })
    case 'credential': {
      const sealed = companies.filter(({ hasSeal }) => hasSeal)
      const company = sealed[record.blows.credential % sealed.length]
      if (company === undefined) throw new Error('no company has a seal')
      record.newSecrets.push(await replaceCredential(stack, company))
      return
    }
  }
}

export async function control(
  stack: Pick<Stack, 'simulatorUrl'>,
  path: string,
  body?: object,
): Promise<void> {
  const answer = await fetch(`${stack.simulatorUrl}/_simulator${path}`, {
    method: body === undefined ? 'DELETE' : 'POST',
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
}
