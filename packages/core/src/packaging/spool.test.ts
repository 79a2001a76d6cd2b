import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { SessionId } from '../identifiers.ts'
import { packageDirectory, removeForerunners, sweepSpool } from './spool.ts'

const root = mkdtempSync(join(tmpdir(), 'spool-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const NOW = new Date('2026-11-28T12:00:00Z')
const ONE = SessionId.parse('0199c0de-0000-7000-8000-000000000001')
const OTHER = SessionId.parse('0199c0de-0000-7000-8000-000000000002')

let spoolDirectory = ''
beforeEach(() => {
  spoolDirectory = mkdtempSync(join(root, 'worker-'))
})

async function leave(name: string, { hoursAgo = 0, file = 'part-1.aes' } = {}): Promise<void> {
  const path = join(spoolDirectory, name)
  await mkdir(path)
  await writeFile(join(path, file), 'encrypted')
  const at = new Date(NOW.getTime() - hoursAgo * 3_600_000)
  await utimes(path, at, at)
}

const left = () => readdirSync(spoolDirectory).sort()

test('a lease removes what earlier ones of its package left, and nothing else', async () => {
  for (const fence of [1, 2, 3, 11]) await leave(`${ONE}-${fence}`)
  await leave(`${OTHER}-1`)
  await removeForerunners({ spoolDirectory }, { id: ONE, fence: 3 })
  expect(left()).toEqual([`${ONE}-11`, `${ONE}-3`, `${OTHER}-1`])
  expect(packageDirectory({ spoolDirectory }, { id: ONE, fence: 3 })).toBe(join(spoolDirectory, `${ONE}-3`))
})

test('a sweep removes packages older than any on its way; what is not a package stays', async () => {
  await leave(`${ONE}-1`, { hoursAgo: 25 })
  await leave(`${ONE}-2`, { hoursAgo: 17 })
  await leave('somebody-elses', { hoursAgo: 99 })
  await leave(`${OTHER}-1`, { hoursAgo: 25, file: 'notes.txt' })
  expect(await sweepSpool(spoolDirectory, NOW)).toBe(2)
  expect(left()).toEqual([`${ONE}-2`, `${OTHER}-1`, 'somebody-elses'])
  expect(readdirSync(join(spoolDirectory, `${OTHER}-1`))).toEqual(['notes.txt'])
})

test('a spool that was never written to is clean', async () => {
  const nowhere = join(spoolDirectory, 'nowhere')
  expect(await sweepSpool(nowhere, NOW)).toBe(0)
  await removeForerunners({ spoolDirectory: nowhere }, { id: ONE, fence: 1 })
})
