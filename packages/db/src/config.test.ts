import { expect, test } from 'vitest'
import { readMigrationConfig } from './config.ts'

const admin = {
  DATABASE_ADMIN_URL: 'postgres://admin@db/postgres',
  FLEET_OWNER_PASSWORD: 'o',
  FLEET_APP_PASSWORD: 'a',
  FLEET_SYSTEM_PASSWORD: 's',
}

test('an administrator’s login provisions the database named, or fleet', () => {
  const passwords = { ownerPassword: 'o', appPassword: 'a', systemPassword: 's' }
  const expected = { kind: 'admin', adminUrl: admin.DATABASE_ADMIN_URL, database: 'fleet', ...passwords }
  expect(readMigrationConfig(admin)).toEqual(expected)
  expect(readMigrationConfig({ ...admin, FLEET_DATABASE: 'other' })).toEqual({
    ...expected,
    database: 'other',
  })
})

test('an owner’s login migrates only', () => {
  expect(readMigrationConfig({ DATABASE_OWNER_URL: 'postgres://o@db/fleet' })).toEqual({
    kind: 'owner',
    ownerUrl: 'postgres://o@db/fleet',
  })
})

test.each(['FLEET_OWNER_PASSWORD', 'FLEET_APP_PASSWORD', 'FLEET_SYSTEM_PASSWORD'])(
  '%s is asked for by name',
  (name) => {
    expect(() => readMigrationConfig({ ...admin, [name]: '' })).toThrow(`${name} is not set`)
  },
)

test('neither login is an error that names both', () => {
  expect(() => readMigrationConfig({})).toThrow(/DATABASE_ADMIN_URL.*DATABASE_OWNER_URL/)
})
