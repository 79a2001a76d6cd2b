import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32, gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { type ArchiveBounds, type ArchivedFile, ArchiveError, readTarGz, readZip } from '../src/index.ts'
import { overlappingZip } from './overlapping-zip.ts'

const BOUNDS: ArchiveBounds = { filesMax: 10, fileBytesMax: 100_000, totalBytesMax: 300_000 }

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'archives-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

type Files = Record<string, string | Buffer>

const zipOf = async (files: Files, more: { compress?: boolean; mode?: number } = {}): Promise<Buffer> => {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name, more)
  zip.end()
  return buffer(zip.outputStream as Readable)
}

type TarEntry = {
  name: string
  content?: string | Buffer
  type?: 'symlink' | 'link' | 'directory' | 'fifo' | 'character-device' | 'block-device'
  pax?: Record<string, string>
}

const tarOf = async (entries: readonly TarEntry[]): Promise<Buffer> => {
  const tar = pack()
  for (const { name, content = '', type, pax } of entries) {
    tar.entry(
      { name, ...(type === undefined ? {} : { type, linkname: '/etc/passwd' }), ...(pax && { pax }) },
      Buffer.from(content),
    )
  }
  tar.finalize()
  return buffer(tar)
}
const tarGzOf = async (files: Files): Promise<Buffer> =>
  gzipSync(await tarOf(Object.entries(files).map(([name, content]) => ({ name, content }))))

async function withFile<T>(bytes: Uint8Array, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const path = join(directory, crypto.randomUUID())
  await writeFile(path, bytes)
  const file = await open(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function collect(files: AsyncIterable<ArchivedFile>): Promise<ArchivedFile[]> {
  const found: ArchivedFile[] = []
  for await (const file of files) found.push(file)
  return found
}
const unzip = (bytes: Uint8Array, bounds = BOUNDS) =>
  withFile(bytes, (file) => collect(readZip(file, bounds)))
const untar = (bytes: Uint8Array, bounds = BOUNDS) => collect(readTarGz(Readable.from([bytes]), bounds))

const refusalOf = async (reading: Promise<unknown>) => {
  const error = await reading.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ArchiveError)) throw new Error(`no refusal: ${error}`)
  return [error.code, error.fileName]
}

/** The same bytes with others in a place that is found by what stands there. */
function patched(
  bytes: Buffer,
  change: { signature: number; at: number; put: (view: Buffer) => void },
): Buffer {
  const copy = Buffer.from(bytes)
  const needle = Buffer.alloc(4)
  needle.writeUInt32LE(change.signature)
  const start = copy.indexOf(needle)
  if (start === -1) throw new Error('nothing to change')
  change.put(copy.subarray(start + change.at))
  return copy
}
/** The tar with its first header changed, and its checksum made to fit. */
function reheaded(tar: Buffer, change: (header: Buffer) => void): Buffer {
  const header = tar.subarray(0, 512)
  change(header)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return tar
}
const CENTRAL = 0x02014b50
const inDirectory = (bytes: Buffer, at: number, put: (view: Buffer) => void) =>
  patched(bytes, { signature: CENTRAL, at, put })

describe.each([
  ['Zip', zipOf, unzip],
  ['TarGz', tarGzOf, untar],
] as const)('a %s', (_, make, read) => {
  test('gives its files in their order, byte for byte, empty ones and ones with long and foreign names too', async () => {
    const long = `${'katalog/'.repeat(20)}faktura.xml`
    const files = {
      'b.xml': '<B/>',
      'a/ż ó ł ć.xml': Buffer.alloc(99_999, 'ż'),
      'empty.xml': '',
      [long]: 'x',
    }
    const found = await read(await make(files))
    expect(found.map(({ name }) => name)).toEqual(Object.keys(files))
    expect(found.map(({ content }) => Buffer.from(content ?? 'none'))).toEqual(
      Object.values(files).map((content) => Buffer.from(content)),
    )
  })

  test('tells of a file that is too large and goes on behind it', async () => {
    const found = await read(await make({ 'large.xml': Buffer.alloc(100_001), 'small.xml': 'x' }))
    expect(found.map(({ name, size, content }) => [name, size, content?.byteLength ?? null])).toEqual([
      ['large.xml', 100_001, null],
      ['small.xml', 1, 1],
    ])
  })

  test('of more files, or of more bytes, than are taken is refused at the file that is too much', async () => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_each, index) => [`${index}.xml`, 'x']))
    expect(await refusalOf(read(await make(many)))).toEqual(['ARCHIVE_TOO_MANY_FILES', '10.xml'])
    const bomb = Object.fromEntries(
      Array.from({ length: 4 }, (_each, index) => [`${index}.xml`, Buffer.alloc(90_000)]),
    )
    expect(await refusalOf(read(await make(bomb)))).toEqual(['ARCHIVE_TOO_LARGE', '3.xml'])
  })

  test('of one endless file is refused without being unpacked', async () => {
    const bomb = await make({ 'bomb.xml': Buffer.alloc(50_000_000) })
    expect(await refusalOf(read(bomb))).toEqual(['ARCHIVE_TOO_LARGE', 'bomb.xml'])
  })

  test('cut off anywhere, or of bytes that are none, is refused', async () => {
    const whole = await make({ 'a.xml': '<A/>'.repeat(500), 'b.xml': '<B/>' })
    for (const length of [0, 1, 20, Math.floor(whole.length / 2), whole.length - 1])
      expect((await refusalOf(read(whole.subarray(0, length))))[0], `${length}`).toBe('ARCHIVE_UNREADABLE')
    expect(await refusalOf(read(Buffer.alloc(5_000, 'x')))).toEqual(['ARCHIVE_UNREADABLE', undefined])
  })

  test('without files is empty', async () => {
    expect(await read(await make({}))).toEqual([])
  })

  test('may be left before its end', async () => {
    const bytes = await make({ 'a.xml': 'a', 'b.xml': Buffer.alloc(99_999), 'c.xml': 'c' })
    await withFile(bytes, async (file) => {
      const source = file.createReadStream({ autoClose: false, start: 0 })
      for await (const { name } of make === zipOf ? readZip(file, BOUNDS) : readTarGz(source, BOUNDS)) {
        expect(name).toBe('a.xml')
        break
      }
    })
  })
})

describe('a TarGz', () => {
  const entriesOf = async (...entries: TarEntry[]) => gzipSync(await tarOf(entries))

  test.each([
    '../a.xml',
    'a/../../b.xml',
    '/etc/passwd',
    'C:/a.xml',
    'a\\b.xml',
    `a\nb.xml`,
    `${'x'.repeat(501)}`,
  ])('with the name %j is refused', async (name) => {
    expect((await refusalOf(untar(await entriesOf({ name, content: 'x' }))))[0]).toBe('ARCHIVE_NAME_UNSAFE')
  })

  test.each(['../a.xml', '/etc/passwd', 'a\0b.xml'])(
    'whose extended header renames a file to %j is refused',
    async (path) => {
      const bytes = await entriesOf({ name: 'a.xml', content: 'x', pax: { path } })
      expect((await refusalOf(untar(bytes)))[0]).toBe('ARCHIVE_NAME_UNSAFE')
    },
  )

  test('with a name that is no UTF-8 is refused', async () => {
    const bytes = reheaded(await tarOf([{ name: 'a.xml', content: 'x' }]), (header) =>
      header.fill(0xff, 1, 2),
    )
    expect((await refusalOf(untar(gzipSync(bytes))))[0]).toBe('ARCHIVE_NAME_UNSAFE')
  })

  test('with a sparse file is refused and names it', async () => {
    const bytes = reheaded(await tarOf([{ name: 'a.xml', content: 'x' }]), (header) => header.write('S', 156))
    expect(await refusalOf(untar(gzipSync(bytes)))).toEqual(['ARCHIVE_LINK', 'a.xml'])
  })

  test.each(['symlink', 'link', 'fifo', 'character-device', 'block-device'] as const)(
    'with a %s is refused and names it',
    async (type) => {
      const bytes = await entriesOf({ name: 'a.xml', content: 'x' }, { name: 'odd.xml', type })
      expect(await refusalOf(untar(bytes))).toEqual(['ARCHIVE_LINK', 'odd.xml'])
    },
  )

  test('with one name twice is refused', async () => {
    const bytes = await entriesOf({ name: 'a.xml', content: '1' }, { name: 'a.xml', content: '2' })
    expect(await refusalOf(untar(bytes))).toEqual(['ARCHIVE_NAME_TWICE', 'a.xml'])
  })

  test('with folders gives the files in them, and with a crowd of folders is refused', async () => {
    const folder = (name: string) => ({ name, type: 'directory' as const })
    expect(await untar(await entriesOf(folder('a'), { name: 'a/b.xml', content: 'x' }))).toHaveLength(1)
    const crowd = Array.from({ length: 12 }, (_, index) => folder(`f${index}`))
    expect(await refusalOf(untar(await entriesOf(...crowd)))).toEqual(['ARCHIVE_TOO_MANY_FILES', undefined])
  })

  test('whose checksum is wrong is refused', async () => {
    const bytes = await tarGzOf({ 'a.xml': '<A/>' })
    bytes.writeUInt32LE(1, bytes.length - 8)
    expect(await refusalOf(untar(bytes))).toEqual(['ARCHIVE_UNREADABLE', undefined])
  })

  test('that declares a larger file than it holds is refused', async () => {
    const tar = await tarOf([{ name: 'a.xml', content: 'x'.repeat(1000) }])
    expect(await refusalOf(untar(gzipSync(tar.subarray(0, 1024))))).toEqual(['ARCHIVE_UNREADABLE', undefined])
  })

  test('followed by endless zeros is refused', async () => {
    const tar = await tarOf([{ name: 'a.xml', content: 'x' }])
    const bytes = gzipSync(Buffer.concat([tar, Buffer.alloc(20_000_000)]))
    expect(await refusalOf(untar(bytes))).toEqual(['ARCHIVE_TOO_LARGE', undefined])
  })

  test('of many compressed members is bounded as a whole', async () => {
    const entries = Array.from({ length: 4 }, (_, index) =>
      tarOf([{ name: `${index}.xml`, content: Buffer.alloc(90_000) }]),
    )
    const END_BYTES = 1_024
    const members = (await Promise.all(entries)).map((tar) => gzipSync(tar.subarray(0, -END_BYTES)))
    expect(await untar(Buffer.concat(members.slice(0, 3)))).toHaveLength(3)
    expect(await refusalOf(untar(Buffer.concat(members)))).toEqual(['ARCHIVE_TOO_LARGE', '3.xml'])
    const zeros = Array.from({ length: 40 }, () => gzipSync(Buffer.alloc(500_000)))
    expect(await refusalOf(untar(Buffer.concat(zeros)))).toEqual(['ARCHIVE_TOO_LARGE', undefined])
  })

  test('that is compressed twice is refused', async () => {
    const bytes = gzipSync(await tarGzOf({ 'a.xml': '<A/>' }))
    expect(await refusalOf(untar(bytes))).toEqual(['ARCHIVE_UNREADABLE', undefined])
  })

  test('whose disk fails is no broken archive', async () => {
    const failing = new Readable({
      read() {
        this.destroy(Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'read' }))
      },
    })
    await expect(collect(readTarGz(failing, BOUNDS))).rejects.toMatchObject({ code: 'EIO' })
  })
})

describe('a Zip', () => {
  test('with bytes before it, behind it or in place of its directory is refused', async () => {
    const bytes = await zipOf({ 'a.xml': 'x' })
    const odd = Buffer.from('<odd/>')
    for (const other of [Buffer.concat([odd, bytes]), Buffer.concat([bytes, odd])])
      expect((await refusalOf(unzip(other)))[0]).toBe('ARCHIVE_UNREADABLE')
    const headless = inDirectory(bytes, 0, (view) => view.fill(0, 0, 4))
    expect((await refusalOf(unzip(headless)))[0]).toBe('ARCHIVE_UNREADABLE')
  })

  test('with a name that is no UTF-8 is refused', async () => {
    const bytes = inDirectory(await zipOf({ 'a.xml': 'x' }), 46, (view) => view.fill(0xff, 0, 1))
    expect((await refusalOf(unzip(bytes)))[0]).toBe('ARCHIVE_NAME_UNSAFE')
  })

  const named = async (name: string) => {
    const bytes = await zipOf({ ['x'.repeat(Buffer.byteLength(name))]: 'content' })
    return inDirectory(bytes, 46, (view) => view.write(name))
  }

  test.each(['../a.xml', 'a/../../b.xml', '/etc/passwd', 'C:/a.xml', '..\\a.xml', `a\nb.xml`, 'a\0b.xml'])(
    'with the name %j is refused',
    async (name) => {
      expect((await refusalOf(unzip(await named(name))))[0]).toBe('ARCHIVE_NAME_UNSAFE')
    },
  )

  test('with one name twice is refused', async () => {
    const bytes = await zipOf({ 'a.xml': '1', 'b.xml': '2' })
    const twice = Buffer.from(bytes.toString('latin1').replaceAll('b.xml', 'a.xml'), 'latin1')
    expect(await refusalOf(unzip(twice))).toEqual(['ARCHIVE_NAME_TWICE', 'a.xml'])
  })

  test('with a link is refused and names it', async () => {
    const bytes = await zipOf({ 'a.xml': '/etc/passwd' }, { mode: 0o120777 })
    expect(await refusalOf(unzip(bytes))).toEqual(['ARCHIVE_LINK', 'a.xml'])
  })

  test('with an encrypted file is refused and names it', async () => {
    const bytes = inDirectory(await zipOf({ 'a.xml': 'x' }), 8, (view) =>
      view.writeUInt16LE(view.readUInt16LE() | 1),
    )
    expect(await refusalOf(unzip(bytes))).toEqual(['ARCHIVE_ENCRYPTED', 'a.xml'])
  })

  test('with a file of another compression is refused and names it', async () => {
    const bytes = inDirectory(await zipOf({ 'a.xml': 'x' }), 10, (view) => view.writeUInt16LE(12))
    expect(await refusalOf(unzip(bytes))).toEqual(['ARCHIVE_COMPRESSION_UNKNOWN', 'a.xml'])
  })

  test.each<[string, number]>([
    ['a smaller size', 10],
    ['a larger size', 3_000],
  ])('that declares %s than a file unpacks to is refused and names it', async (_, size) => {
    for (const compress of [true, false]) {
      const bytes = await zipOf({ 'a.xml': 'x'.repeat(2_000) }, { compress })
      const lying = inDirectory(bytes, 24, (view) => view.writeUInt32LE(size))
      expect(await refusalOf(unzip(lying))).toEqual(['ARCHIVE_FILE_DAMAGED', 'a.xml'])
    }
  })

  test('whose file has another checksum is refused and names it', async () => {
    const bytes = inDirectory(await zipOf({ 'a.xml': 'x' }), 16, (view) => view.writeUInt32LE(crc32('y')))
    expect(await refusalOf(unzip(bytes))).toEqual(['ARCHIVE_FILE_DAMAGED', 'a.xml'])
  })

  test('whose entries all share the same bytes counts each of them', async () => {
    const names = Array.from({ length: 9 }, (_, index) => String(index))
    const bytes = overlappingZip(names, Buffer.alloc(99_000))
    expect(await unzip(bytes, { ...BOUNDS, totalBytesMax: 900_000 })).toHaveLength(9)
    expect(await refusalOf(unzip(bytes))).toEqual(['ARCHIVE_TOO_LARGE', '3'])
  })
})
