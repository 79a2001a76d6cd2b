import { randomUUID } from 'node:crypto'
import { CompanyId, CredentialId, type Log, type SecretChange } from '@ksef-fleet/core'
import type { Redis } from 'ioredis'
import { afterEach, expect, test, vi } from 'vitest'
import { connectCacheRedis, connectListeningRedis } from '../src/redis.ts'
import { redisSecretBus } from '../src/redis-secret-bus.ts'

const url = process.env.FLEET_TEST_REDIS_URL ?? ''
const open: Redis[] = []
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect()
})

const said: string[] = []
const say = (_: unknown, event: string) => void said.push(event)
const log: Log = { info: say, warn: say, error: say }

const PROBES = new Set<string>()

async function startProcess() {
  const subscriber = connectListeningRedis(url, log)
  const publisher = connectCacheRedis(url, log)
  open.push(subscriber, publisher)
  const heard: (SecretChange | 'missed')[] = []
  const probed: string[] = []
  const bus = redisSecretBus({ subscriber, publisher }, log)
  bus.listen({
    changed: (change) => (PROBES.has(change.id) ? probed.push(change.id) : heard.push(change)),
    missed: () => heard.push('missed'),
  })
  // Until it listens, nothing that is said reaches it.
  const probe: SecretChange = { of: 'company', id: CompanyId.parse(randomUUID()) }
  PROBES.add(probe.id)
  await vi.waitFor(async () => {
    await bus.publish(probe)
    expect(probed).toContain(probe.id)
  }, 10_000)
  return { bus, heard, subscriber, publisher }
}

test('a change told by one process is heard by every process, with its id and nothing else', async () => {
  const [one, other] = [await startProcess(), await startProcess()]
  const credential: SecretChange = { of: 'credential', id: CredentialId.parse(randomUUID()) }
  const company: SecretChange = { of: 'company', id: CompanyId.parse(randomUUID()) }
  await one.bus.publish(credential)
  await one.bus.publish(company)
  for (const { heard } of [one, other]) await vi.waitFor(() => expect(heard).toEqual([credential, company]))
})

test('a process that was cut off hears that it may have missed something, and goes on listening', async () => {
  const [one, other] = [await startProcess(), await startProcess()]
  other.subscriber.disconnect(true)
  await vi.waitFor(() => expect(other.heard).toEqual(['missed']), 10_000)
  const change: SecretChange = { of: 'credential', id: CredentialId.parse(randomUUID()) }
  await one.bus.publish(change)
  await vi.waitFor(() => expect(other.heard).toEqual(['missed', change]))
})

test('a message of another form is ignored, and said', async () => {
  const { heard, publisher, bus } = await startProcess()
  for (const message of ['', 'credential:', 'credential:*', 'everything:1', '{"of":"credential"}'])
    await publisher.publish('ksef-fleet-secret-changes', message)
  const change: SecretChange = { of: 'credential', id: CredentialId.parse(randomUUID()) }
  await bus.publish(change)
  await vi.waitFor(() => expect(heard).toEqual([change]))
  expect(said).toContain('secret-bus.message-unknown')
})

test('while Redis is away telling costs a line in the log and nothing more', async () => {
  const away = connectCacheRedis('redis://127.0.0.1:1', log)
  open.push(away)
  const { subscriber } = await startProcess()
  const bus = redisSecretBus({ subscriber, publisher: away }, log)
  await bus.publish({ of: 'credential', id: CredentialId.parse(randomUUID()) })
  expect(said).toContain('secret-bus.publish-failed')
})
