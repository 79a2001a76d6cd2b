import { readdir } from 'node:fs/promises'
import { FILES_TOLD_MAX } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, NIP_A, NIP_B, type Party, type RunningApi, startApi, TOMORROW } from './running-api.ts'
import { type Files, filesOf, tarGzOf, type Upload, zipOf } from './uploads.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())
afterEach(async () => expect(await readdir(api.spoolDirectory)).toEqual([]))

const post = (
  upload: Upload,
  { query = '', company = api.a, key = '' }: { query?: string; company?: Party; key?: string } = {},
) =>
  api.call({
    url: `/v1/companies/${company.id}/batches${query}`,
    upload,
    key: company.key,
    ...(key === '' ? {} : { headers: { 'idempotency-key': key } }),
  })

const get = async (url: string, key = api.a.key) => (await api.call({ url, key })).json()

let numbers = 0
/** Invoices under file names, with numbers nobody had before. */
const invoices = (count: number, nip = NIP_A): Files =>
  Object.fromEntries(
    Array.from({ length: count }, () => {
      numbers += 1
      return [`faktury/FV ${numbers} żółć.xml`, invoiceOf(nip, { number: `B/${numbers}` })]
    }),
  )

/** Every page of a list. */
async function follow(path: string, name: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const separator = path.includes('?') ? '&' : '?'
    const page = await get(`${path}${separator}limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
    found.push(...page[name])
    cursor = page.nextCursor
  }
  return found
}

describe.each([
  ['a Zip', 'zip', zipOf],
  ['a TarGz', 'tar-gz', tarGzOf],
  ['a form of files', 'files', async (files: Files) => filesOf(files)],
] as const)('a batch in %s', (_, source, make) => {
  test('answers 202 with its place, and all its invoices can be read back byte for byte', async () => {
    const files = { ...invoices(3), 'large.xml': invoiceOf(NIP_A, { padToBytes: 400_000 }) }
    const posted = await post(await make(files))
    expect(posted.statusCode, posted.body).toBe(202)
    const batch = posted.json()
    const self = `/v1/companies/${api.a.id}/batches/${batch.id}`
    expect(batch).toMatchObject({
      companyId: api.a.id,
      source,
      invoiceCount: 4,
      refused: { count: 0, faults: [] },
      links: { self, invoices: `/v1/companies/${api.a.id}/invoices?batch=${batch.id}` },
    })
    expect(posted.headers.location).toBe(self)
    const listed = await follow(batch.links.invoices, 'invoices')
    expect(listed).toHaveLength(4)
    for (const invoice of listed) {
      expect(invoice).toMatchObject({ state: 'pending', delivery: 'batch', batchId: batch.id })
      const xml = await api.call({ url: `/v1/companies/${api.a.id}/invoices/${invoice.id}/xml` })
      expect(Object.values(files).some((content) => xml.rawPayload.equals(Buffer.from(content)))).toBe(true)
    }
    expect(new Set(listed.map(({ invoiceHash }) => invoiceHash)).size).toBe(4)
  })

  test('one of whose files cannot be accepted is refused whole, and every such file is named', async () => {
    const before = await api.counts()
    const taken = invoiceOf(NIP_A)
    const { id } = (await api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml: taken })).json()
    const twin = invoiceOf(NIP_A, { number: 'twin' })
    const posted = await post(
      await make({
        ...invoices(2),
        'broken.xml': '<Faktura>',
        'foreign.xml': invoiceOf(NIP_B),
        'tomorrow.xml': invoiceOf(NIP_A, { issueDate: TOMORROW }),
        'large.xml': Buffer.alloc(3_000_001, 0x20),
        'taken.xml': taken,
        'twin-1.xml': twin,
        'twin-2.xml': twin,
        'inner.zip': (await zipOf({ 'a.xml': 'x' })).bytes,
        'inner.tar.gz': (await tarGzOf({ 'a.xml': 'x' })).bytes,
        'letter.txt': 'Dear KSeF',
      }),
    )
    expect(posted.statusCode, posted.body).toBe(422)
    const problem = posted.json()
    expect(problem).toMatchObject({ code: 'BATCH_INVALID', refusedFiles: 9 })
    const codes = problem.faults.map(({ file, code }: { file: string; code: string }) => [file, code])
    expect(Object.fromEntries(codes)).toEqual({
      'broken.xml': 'INVOICE_NOT_XML',
      'foreign.xml': 'INVOICE_SELLER_MISMATCH',
      'tomorrow.xml': 'INVOICE_DATED_IN_FUTURE',
      'large.xml': 'INVOICE_TOO_LARGE',
      'taken.xml': 'INVOICE_DUPLICATE',
      'twin-2.xml': 'INVOICE_DUPLICATE_IN_BATCH',
      'inner.zip': 'FILE_IS_ARCHIVE',
      'inner.tar.gz': 'FILE_IS_ARCHIVE',
      'letter.txt': 'INVOICE_NOT_XML',
    })
    const faultOf = (file: string) =>
      problem.faults.find((fault: { file: string }) => fault.file === file) as Record<string, unknown>
    expect(faultOf('taken.xml').existingId).toBe(id)
    expect(faultOf('twin-2.xml').message).toContain('twin-1.xml')
    const after = await api.counts()
    expect(after['public.submissions']).toBe(before['public.submissions']! + 1)
    expect(after['public.batches']).toBe(before['public.batches'])
  })
})

describe('a batch of which the bad files are skipped', () => {
  test('accepts the others and tells of those it left out', async () => {
    const files = { ...invoices(3), 'broken.xml': '<Faktura>', 'foreign.xml': invoiceOf(NIP_B) }
    const posted = await post(await tarGzOf(files), { query: '?invalid=skip' })
    expect(posted.statusCode, posted.body).toBe(202)
    expect(posted.json()).toMatchObject({
      invoiceCount: 3,
      refused: {
        count: 2,
        faults: [
          { file: 'broken.xml', code: 'INVOICE_NOT_XML' },
          { file: 'foreign.xml', code: 'INVOICE_SELLER_MISMATCH' },
        ],
      },
    })
    expect(await follow(posted.json().links.invoices, 'invoices')).toHaveLength(3)
  })

  test('is refused when no file is left, and counts all though it names the first hundred', async () => {
    const files = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`${index}.xml`, '<a/>']))
    const posted = await post(await zipOf(files), { query: '?invalid=skip' })
    expect([posted.statusCode, posted.json().code, posted.json().refusedFiles]).toEqual([
      422,
      'BATCH_INVALID',
      150,
    ])
    const told = new Set(posted.json().faults.map(({ file }: { file: string }) => file))
    expect(told.size).toBe(FILES_TOLD_MAX)
  })
})

describe('an Idempotency-Key of a batch', () => {
  const key = () => crypto.randomUUID()

  test('answers the same invoices with the same batch, in whatever order and packing they come', async () => {
    const files = invoices(5)
    const one = key()
    const first = await post(await tarGzOf(files), { key: one })
    const before = await api.counts()
    const turned = Object.fromEntries(Object.entries(files).toReversed())
    for (const upload of [await tarGzOf(files), await tarGzOf(turned), await zipOf(files), filesOf(files)]) {
      const again = await post(upload, { key: one })
      expect([again.statusCode, again.headers['idempotency-replayed']], again.body).toEqual([202, 'true'])
      expect(again.json()).toEqual(first.json())
      expect(again.headers.location).toBe(first.headers.location)
    }
    expect(await api.counts()).toEqual(before)
  })

  test('also tells again which files were left out', async () => {
    const upload = await tarGzOf({ 'broken.xml': 'x', ...invoices(2) })
    const one = key()
    const first = await post(upload, { key: one, query: '?invalid=skip' })
    const again = await post(upload, { key: one, query: '?invalid=skip' })
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.json()).toEqual(first.json())
    expect(again.json().refused.count).toBe(1)
  })

  test('of other invoices, of another wish and of a single invoice is refused, and nothing is written', async () => {
    const files = invoices(2)
    const [one, single] = [key(), key()]
    await post(await tarGzOf(files), { key: one })
    const xml = invoiceOf(NIP_A)
    await api.call({
      url: `/v1/companies/${api.a.id}/invoices`,
      xml,
      headers: { 'idempotency-key': single },
    })
    const before = await api.counts()
    for (const [upload, more] of [
      [await tarGzOf(invoices(2)), { key: one }],
      [await tarGzOf(files), { key: one, query: '?invalid=skip' }],
      [await tarGzOf({ 'a.xml': xml }), { key: single }],
    ] as const) {
      const answer = await post(upload, more)
      expect([answer.statusCode, answer.json().code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    }
    expect(await api.counts()).toEqual(before)
  })

  test('in ten requests at once makes one batch', async () => {
    const upload = await tarGzOf(invoices(20))
    const one = key()
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(upload, { key: one })))
    const accepted = answers.filter(({ statusCode }) => statusCode === 202)
    expect(new Set(accepted.map((answer) => answer.json().id)).size).toBe(1)
    const others = answers.filter(({ statusCode }) => statusCode !== 202)
    for (const answer of others)
      expect(['IDEMPOTENCY_IN_PROGRESS', 'OVERLOADED']).toContain(answer.json().code)
    const [row] = await api.query('select count(*)::int as n from batches where id = $1', [
      accepted[0]?.json().id,
    ])
    expect(row).toEqual({ n: 1 })
  })
})

describe('batches at once', () => {
  test('of one company with the same invoices: one is accepted, and the other names what is in the way', async () => {
    const files = invoices(100)
    const answers = await Promise.all([post(await tarGzOf(files)), post(await zipOf(files))])
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([202, 422])
    const refused = answers.find(({ statusCode }) => statusCode === 422)?.json()
    expect(refused.code).toBe('BATCH_INVALID')
    // As many as were examined after the other was stored.
    expect(refused.refusedFiles).toBeGreaterThan(0)
    expect(refused.faults[0].code).toBe('INVOICE_DUPLICATE')
  })

  test('of one company with other invoices, and of two companies, are all accepted', async () => {
    const answers = await Promise.all([
      post(await tarGzOf(invoices(50))),
      post(await tarGzOf(invoices(50))),
      post(await tarGzOf(invoices(50, NIP_B)), { company: api.b }),
    ])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 202])
  })

  test('beyond what the process takes are told to come back', async () => {
    const upload = await tarGzOf(invoices(5))
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(upload)))
    const away = answers.filter((answer) => answer.statusCode === 503)
    expect(away.length).toBeGreaterThan(0)
    for (const answer of away) {
      expect(answer.json().code).toBe('OVERLOADED')
      expect(answer.headers['retry-after']).toBe('1')
    }
    expect((await post(await tarGzOf(invoices(1)))).statusCode).toBe(202)
  })
})

describe('a batch in the books', () => {
  test('counts its invoices by state, tells its progress and which are in trouble', async () => {
    const { id } = (await post(await tarGzOf(invoices(4)))).json()
    const url = `/v1/companies/${api.a.id}/batches/${id}`
    const states = { pending: 4, claimed: 0, packed: 0, sent: 0, lost: 0 }
    const done = { registered: 0, receipted: 0, rejected: 0, held: 0 }
    expect(await get(url)).toMatchObject({
      invoiceCount: 4,
      states: { ...states, ...done },
      progress: { settled: 0, share: 0 },
      troubled: [],
    })
    const [one, two] = await follow(`/v1/companies/${api.a.id}/invoices?batch=${id}`, 'invoices')
    const settle = (state: string, invoice: unknown) =>
      api.query(
        `update submissions set state = $2, next_attempt_at = null, reason = '{"code": "KSEF_REJECTED", "ksefCode": 450}' where id = $1`,
        [invoice, state],
      )
    await settle('rejected', one?.id)
    await settle('held', two?.id)
    const read = await get(url)
    expect(read).toMatchObject({
      states: { pending: 2, rejected: 1, held: 1 },
      progress: { settled: 1, share: 0.25 },
    })
    expect(read.troubled.find(({ id: each }: { id: string }) => each === one?.id)).toMatchObject({
      number: one?.number,
      state: 'rejected',
      outcome: { code: 'KSEF_REJECTED', actor: 'company' },
      self: `/v1/companies/${api.a.id}/invoices/${one?.id}`,
    })
    expect(read.troubled).toHaveLength(2)
  })

  test('stands in the list of its company, newest first, and its invoices are followed over many pages', async () => {
    const { id } = (await post(await tarGzOf(invoices(450)))).json()
    const listed = await follow(`/v1/companies/${api.a.id}/batches`, 'batches')
    expect(listed[0]?.id).toBe(id)
    const one = await get(`/v1/companies/${api.a.id}/batches?limit=1`)
    expect(one.batches).toHaveLength(1)
    const next = await get(`/v1/companies/${api.a.id}/batches?limit=1&cursor=${one.nextCursor}`)
    expect(next.batches[0].id).toBe(listed[1]?.id)
    const found = await follow(`/v1/companies/${api.a.id}/invoices?batch=${id}&state=pending`, 'invoices')
    expect(new Set(found.map((invoice) => invoice.id)).size).toBe(450)
  })

  test('of another company is in no list and no filter, and its cursor leads nowhere', async () => {
    const { id } = (await post(await tarGzOf(invoices(3, NIP_B)), { company: api.b })).json()
    await post(await tarGzOf(invoices(3, NIP_B)), { company: api.b })
    expect(await follow(`/v1/companies/${api.a.id}/invoices?batch=${id}`, 'invoices')).toEqual([])
    const own = await follow(`/v1/companies/${api.a.id}/batches`, 'batches')
    expect(own.some((batch) => batch.id === id)).toBe(false)
    const { nextCursor } = await get(`/v1/companies/${api.b.id}/batches?limit=1`, api.b.key)
    const answer = await api.call({ url: `/v1/companies/${api.a.id}/batches?cursor=${nextCursor}` })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'CURSOR_INVALID'])
  })

  test('wants one ring for all its invoices', async () => {
    await api.query('delete from outbox')
    await post(await tarGzOf(invoices(30)))
    expect(await api.query('select job, payload from outbox')).toEqual([
      { job: 'send-pending', payload: { companyId: api.a.id } },
    ])
  })
})

test('what operating systems put beside files is passed over, and folders are', async () => {
  const files = {
    ...invoices(1),
    '__MACOSX/._a.xml': 'x',
    '.DS_Store': 'x',
    'faktury/._FV.xml': 'x',
    'Thumbs.db': 'x',
  }
  const posted = await post(await zipOf(files))
  expect([posted.statusCode, posted.json().invoiceCount], posted.body).toEqual([202, 1])
})

test('a company without an integration is told before its upload is read', async () => {
  const { id } = (
    await api.call({ url: '/v1/companies', json: { nip: '5555555555', name: 'Not yet' } })
  ).json()
  const answer = await api.call({
    url: `/v1/companies/${id}/batches`,
    upload: { type: 'application/zip', bytes: Buffer.from('no archive') },
  })
  expect([answer.statusCode, answer.json().code]).toEqual([409, 'INTEGRATION_MISSING'])
})
