import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createUploads } from '../src/index.ts'
import { invoiceOf, NIP_A, type RunningApi, startApi, UPLOAD_LIMITS } from './running-api.ts'
import { type Files, filesOf, formOf, tarGzOf, type Upload, zipOf } from './uploads.ts'
import { exchange, listen, request } from './wire.ts'

let api: RunningApi
let port: number
beforeAll(async () => {
  api = await startApi()
  port = await listen(api.app)
})
afterAll(() => api?.[Symbol.asyncDispose]())
afterEach(async () => expect(await readdir(api.spoolDirectory)).toEqual([]))

const url = () => `/v1/companies/${api.a.id}/batches`
const post = (upload: Upload) => api.call({ url: url(), upload, key: api.a.key })
const manyOf = (count: number): Files =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}.xml`, '<a/>']))

const linkIn = (type: 'symlink' | 'link') => async (): Promise<Upload> => {
  const tar = pack()
  tar.entry({ name: 'a.xml' }, Buffer.from('x'))
  tar.entry({ name: 'odd.xml', type, linkname: '/etc/passwd' })
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) chunks.push(chunk as Uint8Array)
  return { type: 'application/gzip', bytes: gzipSync(Buffer.concat(chunks)) }
}

const edited = async (upload: Promise<Upload>, edit: (bytes: Buffer) => void): Promise<Upload> => {
  const { type, bytes } = await upload
  const copy = Buffer.from(bytes)
  edit(copy)
  return { type, bytes: copy }
}
const inDirectory = (at: number, put: (view: Buffer) => void) =>
  edited(zipOf({ 'a.xml': 'x'.repeat(500) }), (bytes) =>
    put(bytes.subarray(bytes.indexOf(Buffer.from('PK\x01\x02')) + at)),
  )

type Bad = {
  upload: () => Promise<Upload> | Upload
  status?: number
  code?: string
  fault?: string
  file?: string
  detail?: RegExp
}

const FILE = ['Content-Disposition: form-data; name="f"; filename="a.xml"']
const form = (headers: string[], content = 'x') => formOf([{ headers, content }])

const UPLOADS: Record<string, Bad> = {
  'is no archive': {
    upload: () => ({ type: 'application/zip', bytes: Buffer.from('hello') }),
    fault: 'ARCHIVE_UNREADABLE',
  },
  'is empty': {
    upload: () => ({ type: 'application/gzip', bytes: Buffer.alloc(0) }),
    fault: 'ARCHIVE_UNREADABLE',
  },
  'is a Zip under the type of a TarGz': {
    upload: async () => ({ ...(await zipOf(manyOf(1))), type: 'application/gzip' }),
    fault: 'ARCHIVE_UNREADABLE',
  },
  'is one gzipped file and no tar': {
    upload: () => ({ type: 'application/gzip', bytes: gzipSync(invoiceOf(NIP_A)) }),
    fault: 'ARCHIVE_UNREADABLE',
  },
  'is cut off': {
    upload: async () => {
      const { type, bytes } = await tarGzOf({ 'a.xml': invoiceOf(NIP_A), 'b.xml': invoiceOf(NIP_A) })
      return { type, bytes: bytes.subarray(0, bytes.length - 9) }
    },
    fault: 'ARCHIVE_UNREADABLE',
  },
  'names a file outside': {
    upload: () => tarGzOf({ '../a.xml': 'x' }),
    fault: 'ARCHIVE_NAME_UNSAFE',
    file: '../a.xml',
  },
  'names a file by its place on a disk': {
    upload: () => tarGzOf({ '/etc/a.xml': 'x' }),
    fault: 'ARCHIVE_NAME_UNSAFE',
    file: '/etc/a.xml',
  },
  'holds a symbolic link': { upload: linkIn('symlink'), fault: 'ARCHIVE_LINK', file: 'odd.xml' },
  'holds a hard link': { upload: linkIn('link'), fault: 'ARCHIVE_LINK', file: 'odd.xml' },
  'holds an encrypted file': {
    upload: () => inDirectory(8, (view) => view.writeUInt16LE(view.readUInt16LE() | 1)),
    fault: 'ARCHIVE_ENCRYPTED',
    file: 'a.xml',
  },
  'lies about the size of a file': {
    upload: () => inDirectory(24, (view) => view.writeUInt32LE(10)),
    fault: 'ARCHIVE_FILE_DAMAGED',
    file: 'a.xml',
  },
  'has one name twice': {
    upload: () =>
      formOf([
        { headers: FILE, content: '1' },
        { headers: FILE, content: '2' },
      ]),
    fault: 'ARCHIVE_NAME_TWICE',
    file: 'a.xml',
  },
  'has more files than are taken': {
    upload: () => zipOf(manyOf(1_001)),
    status: 413,
    code: 'BATCH_TOO_LARGE',
    detail: /1000 files/,
  },
  'has more parts than are taken': {
    upload: () => filesOf(manyOf(1_001)),
    status: 413,
    code: 'BATCH_TOO_LARGE',
    detail: /1000 files/,
  },
  'unpacks to more bytes than are taken': {
    upload: () => tarGzOf({ 'a.xml': Buffer.alloc(6_000_000), 'b.xml': Buffer.alloc(6_000_000) }),
    status: 413,
    code: 'BATCH_TOO_LARGE',
    detail: /10000000 bytes/,
  },
  'has more bytes than are taken': {
    upload: () => ({ type: 'application/zip', bytes: Buffer.alloc(4_000_001) }),
    status: 413,
    code: 'BATCH_TOO_LARGE',
    detail: /4000000 bytes/,
  },
  'has no file': { upload: () => zipOf({}), code: 'BATCH_EMPTY' },
  'has no part': { upload: () => formOf([]), code: 'BATCH_EMPTY' },
  'has files of the operating system only': {
    upload: () => zipOf({ '.DS_Store': 'x' }),
    code: 'BATCH_EMPTY',
  },
  'names no boundary': {
    upload: () => ({ type: 'multipart/form-data', bytes: Buffer.from('x') }),
    status: 400,
    code: 'REQUEST_INVALID',
    detail: /boundary/,
  },
  'has another boundary than it names': {
    upload: () => ({ ...form(FILE), type: 'multipart/form-data; boundary=other' }),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  'ends within a part': {
    upload: () => ({ ...form(FILE), bytes: form(FILE).bytes.subarray(0, 130) }),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  'has a field among its files': {
    upload: () => form(['Content-Disposition: form-data; name="comment"']),
    status: 400,
    code: 'REQUEST_INVALID',
    detail: /"comment"/,
  },
  'has a part that says nothing of itself': {
    upload: () => form([]),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  'has a part of another disposition': {
    upload: () => form(['Content-Disposition: attachment; filename="a.xml"']),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  'has an encoded part': {
    upload: () => form([...FILE, 'Content-Transfer-Encoding: base64']),
    status: 400,
    code: 'REQUEST_INVALID',
    detail: /base64/,
  },
  'has a part whose name leads out': {
    upload: () => form(['Content-Disposition: form-data; name="f"; filename="../../a.xml"']),
    fault: 'ARCHIVE_NAME_UNSAFE',
    file: '../../a.xml',
  },
  'has a part with an empty name': {
    upload: () => form(['Content-Disposition: form-data; name="f"; filename=""']),
    fault: 'ARCHIVE_NAME_UNSAFE',
  },
  'is of another media type': {
    upload: () => ({ type: 'application/x-7z-compressed', bytes: Buffer.from('7z') }),
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
  },
  'is a single invoice': {
    upload: () => ({ type: 'application/xml', bytes: invoiceOf(NIP_A) }),
    status: 415,
    code: 'MEDIA_TYPE_UNSUPPORTED',
  },
}

describe('an upload is refused, and nothing of it is stored, when it', () => {
  test.each(Object.entries(UPLOADS))(
    '%s',
    async (_, { upload, status = 422, fault, file, detail, ...bad }) => {
      const before = await api.counts()
      const answer = await post(await upload())
      const { code = 'ARCHIVE_REFUSED' } = bad
      expect([answer.statusCode, answer.json().code], answer.body).toEqual([status, code])
      if (fault !== undefined) {
        expect(answer.json().faults).toHaveLength(1)
        expect(answer.json().faults[0]).toMatchObject({
          code: fault,
          ...(file === undefined ? {} : { file }),
        })
      }
      if (detail !== undefined) expect(answer.json().detail).toMatch(detail)
      expect(await api.counts()).toEqual(before)
    },
  )
})

describe('on the wire', () => {
  const head = (...more: string[]) =>
    request(`POST ${url()}`, `Authorization: Bearer ${api.a.key}`, 'Content-Type: application/gzip', ...more)

  test('an upload in chunks is taken, and one that declares too many bytes is refused before they come', async () => {
    const { bytes } = await tarGzOf({ 'a.xml': invoiceOf(NIP_A) })
    const chunks = [
      ...Buffer.from(bytes)
        .toString('latin1')
        .matchAll(/[\s\S]{1,100}/g),
    ].map(([part]) => Buffer.from(`${part.length.toString(16)}\r\n${part}\r\n`, 'latin1'))
    const taken = await exchange(port, head('Transfer-Encoding: chunked'), ...chunks, '0\r\n\r\n')
    expect(taken).toMatch(/^HTTP\/1\.1 202/)
    const refused = await exchange(port, head('Content-Length: 4000001', 'Expect: 100-continue'))
    expect(refused).toMatch(/HTTP\/1\.1 413/)
    expect(refused).toContain('BATCH_TOO_LARGE')
  })

  test('an upload that breaks off leaves no row and no file', async () => {
    const before = await api.counts()
    const { bytes } = await tarGzOf({ 'a.xml': invoiceOf(NIP_A) })
    const socket = connect(port, '127.0.0.1')
    socket.write(head(`Content-Length: ${bytes.length}`))
    socket.write(bytes.subarray(0, 200))
    await sleep(100)
    socket.destroy()
    await sleep(100)
    expect(await api.counts()).toEqual(before)
    expect((await post({ type: 'application/gzip', bytes })).statusCode).toBe(202)
  })

  test('a body compressed once more is refused unopened', async () => {
    const answer = await exchange(port, head('Content-Length: 1', 'Content-Encoding: gzip'), 'x')
    expect(answer).toContain('MEDIA_TYPE_UNSUPPORTED')
  })
})

describe('the spool', () => {
  test('keeps an upload in no file that has a name, and what a dead process left is swept', async () => {
    const left = join(api.spoolDirectory, `upload-${crypto.randomUUID()}.spool`)
    const foreign = join(api.spoolDirectory, 'notes.txt')
    await writeFile(left, 'half an upload')
    await writeFile(foreign, 'not ours')
    await createUploads(api.spoolDirectory, UPLOAD_LIMITS)
    expect(await readdir(api.spoolDirectory)).toEqual(['notes.txt'])
    await rm(foreign)
  })

  test('that gives way is the fleet’s fault and says so', async () => {
    await using own = await startApi()
    await rm(own.spoolDirectory, { recursive: true })
    const upload = await tarGzOf({ 'a.xml': invoiceOf(NIP_A) })
    const answer = await own.call({ url: `/v1/companies/${own.a.id}/batches`, upload, key: own.a.key })
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'SPOOL_UNAVAILABLE'])
    await writeFile(own.spoolDirectory, 'a file in the way')
    await chmod(own.spoolDirectory, 0o600)
    await expect(createUploads(own.spoolDirectory, UPLOAD_LIMITS)).rejects.toThrow()
  })
})
