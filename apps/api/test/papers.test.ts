/** Invoices and receipts as PDF, HTML and QR code through the API; what stands on a paper is packages/ksef's to test. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPrinter, type Printer } from '../src/index.ts'
import { invoiceOf, NIP_A, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const KSEF_NUMBER = '1111111111-20261122-0100A0D6723E-2B'

async function posted(state: 'pending' | 'registered' | 'rejected', xml = invoiceOf(NIP_A)): Promise<string> {
  const answer = await api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml, key: api.a.key })
  expect(answer.statusCode, answer.body).toBe(202)
  const id = String(answer.json().id)
  if (state === 'registered')
    await api.query(
      `update submissions set state = 'registered', ksef_number = $2, registered_at = now(), next_poll_at = now() where id = $1`,
      [id, KSEF_NUMBER],
    )
  if (state === 'rejected')
    await api.query(
      `update submissions set state = 'rejected', reason = '{"code":"KSEF_REJECTED"}' where id = $1`,
      [id],
    )
  return id
}

const get = (id: string, what: string, headers: Record<string, string> = {}) =>
  api.call({ url: `/v1/companies/${api.a.id}/invoices/${id}/${what}`, key: api.a.key, headers })

describe('an invoice', () => {
  test('as PDF has a name, a tag, and is not sent again to whoever has it', async () => {
    const id = await posted('registered')
    const first = await get(id, 'pdf')
    expect(first.statusCode, first.body).toBe(200)
    expect(first.rawPayload.subarray(0, 5).toString()).toBe('%PDF-')
    expect(first.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': `inline; filename="invoice-${KSEF_NUMBER}.pdf"`,
      'cache-control': 'private, no-cache',
    })
    const tag = String(first.headers['etag'])
    const again = await get(id, 'pdf', { 'if-none-match': `"other", ${tag}` })
    expect([again.statusCode, again.rawPayload.length, again.headers['etag']]).toEqual([304, 0, tag])
    const english = await get(id, 'pdf?lang=en', { 'if-none-match': tag })
    expect([english.statusCode, english.headers['etag'] === tag]).toEqual([200, false])
  })

  test('as HTML stands under a policy that permits its own style and nothing else', async () => {
    const answer = await get(await posted('registered'), 'html?lang=en')
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(answer.body) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(answer.headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox`,
    )
    expect(answer.body).toContain('Goods or services')
    expect(answer.body).toContain(`KSeF number: ${KSEF_NUMBER}`)
  })

  test('says what it is worth before KSeF gave it a number, and when KSeF refused it', async () => {
    const pending = (await get(await posted('pending'), 'html')).body
    expect(pending).toContain('KSeF nie nadał jeszcze numeru tej fakturze.')
    expect(pending).toContain('>OFFLINE</text>')
    const rejected = (await get(await posted('rejected'), 'html?lang=en')).body
    expect(rejected).toContain('KSeF rejected this document.')
    expect(rejected).not.toContain('<svg')
  })

  test('of another company is not there, and a language there is none of is refused', async () => {
    const id = await posted('pending')
    for (const what of ['pdf', 'html', 'qr', 'upo/pdf', 'upo/html']) {
      const url = `/v1/companies/${api.b.id}/invoices/${id}/${what}`
      expect((await api.call({ url, key: api.b.key })).statusCode, what).toBe(404)
    }
    expect((await get(id, 'pdf?lang=de')).json()).toMatchObject({ code: 'REQUEST_INVALID' })
  })
})

describe('the code of an invoice', () => {
  test('comes as PNG or SVG with the number beneath, and leads to KSeF', async () => {
    const id = await posted('registered')
    const png = await get(id, 'qr')
    expect(png.headers['content-type']).toBe('image/png')
    expect(png.rawPayload.subarray(1, 4).toString()).toBe('PNG')
    const svg = await get(id, 'qr?format=svg&code=1')
    expect(svg.headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'content-disposition': `inline; filename="qr-${KSEF_NUMBER}.svg"`,
    })
    expect(svg.body).toContain(`>${KSEF_NUMBER}</text>`)
    const html = (await get(id, 'html')).body
    const place = `/v1/companies/${api.a.id}/invoices/${id}`
    const { invoiceHash } = (await api.call({ url: place, key: api.a.key })).json()
    const hash = Buffer.from(String(invoiceHash), 'base64').toString('base64url')
    expect(html).toContain(`https://qr-test.ksef.mf.gov.pl/invoice/${NIP_A}/22-11-2026/${hash}`)
  })

  test('of a rejected one there is not', async () => {
    const answer = await get(await posted('rejected'), 'qr')
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'QR_CODE_POINTLESS'])
  })
})

describe('a UPO', () => {
  test('is not there before KSeF gave it', async () => {
    const answer = await get(await posted('registered'), 'upo/pdf')
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'UPO_NOT_YET'])
  })
})

describe('printing', () => {
  const large = invoiceOf(NIP_A, {
    lines: Array.from({ length: 2_000 }, (_, n) => ({
      name: `Towar ${n}`,
      quantity: 1,
      unitPriceGrosze: 100,
    })),
  })
  const task = { as: 'pdf', paper: { xml: large, language: 'pl' } } as const
  const using = async (
    limits: Parameters<typeof createPrinter>[0],
    use: (printer: Printer) => Promise<void>,
  ) => {
    const printer = createPrinter(limits)
    try {
      await use(printer)
    } finally {
      await printer.close()
    }
  }

  test('leaves the event loop free: timers fire while it goes on', async () => {
    await using({ threads: 1, waitingMax: 1, deadlineMs: 50_000 }, async (printer) => {
      let done = false
      const running = printer.print(task).finally(() => {
        done = true
      })
      let fired = 0
      while (!done) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        if (!done) fired += 1
      }
      expect((await running).content.length).toBeGreaterThan(10_000)
      expect(fired, 'what is printed in place lets no timer fire').toBeGreaterThan(10)
    })
  })

  test('turns new ones away while too many wait, and what takes too long', async () => {
    await using({ threads: 1, waitingMax: 2, deadlineMs: 50_000 }, async (printer) => {
      const answers = await Promise.allSettled(Array.from({ length: 6 }, () => printer.print(task)))
      const refused = answers.filter(({ status }) => status === 'rejected')
      expect(refused.length).toBeGreaterThan(0)
      expect(refused.length).toBeLessThan(6)
      for (const one of refused) expect(one).toMatchObject({ reason: { code: 'OVERLOADED' } })
    })
    await using({ threads: 1, waitingMax: 2, deadlineMs: 1 }, async (printer) => {
      await expect(printer.print(task)).rejects.toMatchObject({ code: 'OVERLOADED' })
    })
  })
})
