import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ArchivedFile, BrokenArchive, CrowdedArchive } from '../src/archive/archived-file.ts'
import { type CompressionType, readArchive } from '../src/archive/compression.ts'
import { type Entry, tarGzOf, zipOf } from './wire/package.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archives-'))
})
afterAll(() => rm(folder, { recursive: true }))

const BOUNDS = { files: 3, fileBytes: 100, totalBytes: 100_000 }
const KINDS: [CompressionType, (entries: readonly Entry[]) => Promise<Buffer>][] = [
  ['Zip', zipOf],
  ['TarGz', tarGzOf],
]

async function read(kind: CompressionType, archive: Buffer, bounds = BOUNDS): Promise<ArchivedFile[]> {
  const file = path.join(folder, 'archive')
  await writeFile(file, archive)
  const files: ArchivedFile[] = []
  for await (const one of readArchive(file, kind, bounds)) files.push(one)
  return files
}

const three: Entry[] = ['a', 'b', 'c'].map((name) => ({ name: `${name}.xml`, content: name.repeat(10) }))

test.each(KINDS)('%s: files come in their order with their bytes and hashes', async (kind, archive) => {
  const files = await read(kind, await archive(three))
  expect(files.map(({ name, size, bytes }) => [name, size, bytes?.toString()])).toEqual(
    three.map(({ name, content }) => [name, 10, content]),
  )
  expect(files[0]?.hash).toBe(createHash('sha256').update('a'.repeat(10)).digest('base64'))
})

test.each(KINDS)('%s: one file too many is a crowd', async (kind, archive) => {
  const crowd = archive([...three, { name: 'd.xml', content: 'd' }])
  await expect(read(kind, await crowd)).rejects.toThrow(CrowdedArchive)
})

test.each(KINDS)('%s: a file over the bound is measured and hashed but not kept', async (kind, archive) => {
  const large = await archive([{ name: 'large.xml', content: 'x'.repeat(101) }])
  expect(await read(kind, large)).toMatchObject([{ name: 'large.xml', size: 101 }])
  expect((await read(kind, large))[0]?.bytes).toBeUndefined()
})

test.each(KINDS)('%s: an archive that unfolds beyond its bound is broken', async (kind, archive) => {
  const bomb = await archive([{ name: 'bomb.xml', content: Buffer.alloc(1_000_000) }])
  expect(bomb.length).toBeLessThan(3000)
  await expect(read(kind, bomb)).rejects.toThrow(BrokenArchive)
})

test.each(KINDS)(
  '%s: damage anywhere never yields a file that is not in the archive',
  async (kind, archive) => {
    const whole = await archive(three)
    const genuine = new Set((await read(kind, whole)).map(({ hash }) => hash))
    for (let position = 0; position < whole.length; position += 7) {
      const damaged = Buffer.from(whole)
      damaged[position] = (damaged[position] ?? 0) ^ 0x55
      const files = await read(kind, damaged).catch((error: unknown) => {
        expect(error instanceof BrokenArchive || error instanceof CrowdedArchive).toBe(true)
        return []
      })
      expect(files.every(({ hash }) => genuine.has(hash))).toBe(true)
    }
  },
)

test('Zip: an entry that unfolds into more than it declares is broken', async () => {
  const archive = await zipOf([{ name: 'a.xml', content: 'a'.repeat(90) }])
  const central = archive.indexOf(Buffer.from('PK\u0001\u0002', 'latin1'))
  archive.writeUInt32LE(50, central + 24)
  await expect(read('Zip', archive)).rejects.toThrow(BrokenArchive)
})

test('Zip: an encrypted entry is broken', async () => {
  const archive = await zipOf([{ name: 'a.xml', content: 'a'.repeat(90) }])
  const central = archive.indexOf(Buffer.from('PK\u0001\u0002', 'latin1'))
  archive.writeUInt16LE(archive.readUInt16LE(central + 8) | 1, central + 8)
  await expect(read('Zip', archive)).rejects.toThrow(BrokenArchive)
})
