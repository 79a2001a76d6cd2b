import { expect, test } from 'vitest'
import { settingsAreDocumented } from './settings-page.ts'
import { plant } from './tree.ts'

const says = (files: Record<string, string>) =>
  settingsAreDocumented(plant(files)).map((one) => `${one.place} ${one.says}`)

const declared = {
  'apps/api/src/config.ts': 'const Settings = z.object({\n  ...shared,\n  PORT: z.number().default(MAX) })',
  'packages/core/src/settings.ts': "const shared = { REDIS_URL: z.url({ error: 'REDIS' }) }",
  'packages/db/src/config.ts': "required('APP_PASSWORD')",
  'packages/ksef/src/config.ts': "process.env['SCHEMA_DIR'] ?? env.HOST",
}
const row = (name: string) => `| \`${name}\` | api | none | what it means |\n`
const page = ['PORT', 'REDIS_URL', 'APP_PASSWORD', 'SCHEMA_DIR', 'HOST'].map(row).join('')

test('a table that has every setting is silent, whatever way a setting is read', () => {
  expect(says({ ...declared, 'docs/operations.md': page })).toEqual([])
})

test('a setting without a row is found where it is declared', () => {
  expect(says({ ...declared, 'docs/operations.md': page.replace(row('PORT'), '') })).toEqual([
    'apps/api/src/config.ts:3 PORT is not in the table of docs/operations.md',
  ])
})

test('a row of a setting that nothing reads is found', () => {
  expect(says({ ...declared, 'docs/operations.md': `${page}${row('GONE')}` })).toEqual([
    'docs/operations.md:6 GONE is read by no program',
  ])
})

test('a page that is missing and a check that finds no setting are told', () => {
  expect(says(declared)).toEqual(['docs/operations.md is missing'])
  expect(says({ 'docs/operations.md': page })).toEqual(['. no setting was found'])
})
