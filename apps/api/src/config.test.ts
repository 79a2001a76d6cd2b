import { describe, expect, test } from 'vitest'
import { readConfig, readDatabaseConfig } from './config.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')
const LOCAL = {
  DATABASE_APP_URL: 'postgres://fleet_app:app-password@db/fleet',
  DATABASE_SYSTEM_URL: 'postgres://fleet_system:system-password@db/fleet',
  REDIS_URL: 'redis://redis:6379',
  KSEF_ENVIRONMENT: 'test',
  MASTER_KEY: KEY,
  SECRET_STORE: 'local',
  SECRET_STORE_DIRECTORY: '/var/lib/fleet',
}

describe('readConfig', () => {
  test('groups what belongs together and fills in the defaults', () => {
    const config = readConfig(LOCAL)
    expect(config).toMatchObject({
      database: { appUrl: LOCAL.DATABASE_APP_URL, systemUrl: LOCAL.DATABASE_SYSTEM_URL },
      databaseOwnerUrl: null,
      environment: 'test',
      secretStore: { kind: 'local', directory: '/var/lib/fleet' },
      secretNamePrefix: 'ksef-fleet',
      opsPassword: null,
      listen: { host: '127.0.0.1', port: 3000 },
      logLevel: 'info',
      publicUrl: null,
      trustedProxies: [],
      batches: { atOnceMax: 4, bytesMax: 500_000_000, unpackedBytesMax: 2_000_000_000, filesMax: 50_000 },
    })
    expect(config.spoolDirectory).toMatch(/ksef-fleet-spool$/)
    expect(readConfig({ ...LOCAL, DATABASE_POOL_SIZE: '2' }).batches.atOnceMax).toBe(1)
    expect(config.masterKey.reveal()).toEqual(Buffer.alloc(32, 7))
  })

  test('takes an empty variable as absent', () => {
    expect(readConfig({ ...LOCAL, OPS_PASSWORD: '', PORT: '' })).toMatchObject({
      opsPassword: null,
      listen: { port: 3000 },
    })
  })

  test('prints neither the master key nor the operators’ password', () => {
    const text = JSON.stringify(readConfig({ ...LOCAL, OPS_PASSWORD: 'operators password' }))
    expect(text).not.toContain(KEY)
    expect(text).not.toContain('operators password')
  })

  test.each<[string, Record<string, string | undefined>, RegExp]>([
    ['a missing database', { DATABASE_APP_URL: undefined }, /DATABASE_APP_URL/],
    ['a database that is no PostgreSQL', { DATABASE_APP_URL: 'mysql://x/y' }, /DATABASE_APP_URL: a postgres/],
    [
      'one login for both roles',
      { DATABASE_SYSTEM_URL: LOCAL.DATABASE_APP_URL },
      /row-level security needs two/,
    ],
    ['a Redis that is none', { REDIS_URL: 'http://redis' }, /REDIS_URL: a redis/],
    ['an unknown environment', { KSEF_ENVIRONMENT: 'prod' }, /KSEF_ENVIRONMENT/],
    ['a short master key', { MASTER_KEY: 'c2hvcnQ=' }, /MASTER_KEY: 32 bytes/],
    [
      'a local store without a place',
      { SECRET_STORE_DIRECTORY: undefined },
      /SECRET_STORE_DIRECTORY: is missing/,
    ],
    ['no master key at all', { MASTER_KEY: undefined }, /MASTER_KEY/],
    [
      'a KMS key for a local store',
      { SECRET_KMS_KEY_ID: 'alias/fleet' },
      /SECRET_KMS_KEY_ID: has no meaning/,
    ],
    [
      'AWS with a local place',
      { SECRET_STORE: 'aws', AWS_REGION: 'eu-central-1' },
      /SECRET_STORE_DIRECTORY: has no meaning/,
    ],
    [
      'AWS without a region',
      { SECRET_STORE: 'aws', SECRET_STORE_DIRECTORY: undefined },
      /AWS_REGION: is missing/,
    ],
    ['a short operators’ password', { OPS_PASSWORD: 'short' }, /OPS_PASSWORD: at least 12/],
    ['a port out of range', { PORT: '70000' }, /PORT/],
    [
      'TLS that believes everybody',
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      /NODE_TLS_REJECT_UNAUTHORIZED: with 0/,
    ],
    ['a batch of no files', { BATCH_FILES_MAX: '0' }, /BATCH_FILES_MAX/],
    [
      'uploads that would take every connection',
      { BATCH_UPLOADS_MAX: '10' },
      /BATCH_UPLOADS_MAX: would take all 10 connections/,
    ],
    ['proxies that are no addresses', { TRUSTED_PROXIES: 'everyone' }, /TRUSTED_PROXIES/],
  ])('refuses %s and says why, without printing a value', (...[, change, reason]) => {
    const refusal = (() => {
      try {
        readConfig({ ...LOCAL, ...change })
        return ''
      } catch (error) {
        return String(error)
      }
    })()
    expect(refusal).toMatch(reason)
    expect(refusal).not.toMatch(/app-password|system-password/)
    expect(refusal).not.toContain(KEY)
  })

  test('asks of create-api-key only the two logins', () => {
    const { DATABASE_APP_URL, DATABASE_SYSTEM_URL } = LOCAL
    expect(readDatabaseConfig({ DATABASE_APP_URL, DATABASE_SYSTEM_URL })).toEqual({
      appUrl: DATABASE_APP_URL,
      systemUrl: DATABASE_SYSTEM_URL,
    })
  })
})
