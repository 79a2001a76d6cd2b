import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { engineAnswers } from '../services/container-engine.ts'
import { startServices } from '../services/index.ts'

const engine = await engineAnswers()
if (!engine) console.warn('SKIPPED: no Docker engine answers, so services in containers are not tested')

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-containers-'))
  vi.stubEnv('FLEET_SERVICES', 'containers')
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'AWS_ENDPOINT_URL']) vi.stubEnv(name, '')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

test.skipIf(!engine)('containers answer on the loopback address, Secrets Manager among them', async () => {
  await using services = await startServices({
    directory: folder,
    log: () => undefined,
    need: ['postgres', 'redis', 'aws'],
    durable: false,
  })
  expect(services.origin).toEqual({ postgres: 'container', redis: 'container', aws: 'container' })
  const client = new Client({ connectionString: services.postgresAdminUrl })
  await client.connect()
  expect((await client.query("select current_setting('timezone') as zone")).rows).toEqual([{ zone: 'UTC' }])
  await client.end()
  expect((await fetch(`${services.awsEndpointUrl}/moto-api/`)).status).toBe(200)
})

test('an engine that DOCKER_HOST names and that is silent is not replaced by another', async () => {
  vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'nobody.sock')}`)
  expect(await engineAnswers()).toBe(false)
  await expect(startServices({ directory: folder, log: () => undefined })).rejects.toThrow(
    /no Docker engine answers/,
  )
})
