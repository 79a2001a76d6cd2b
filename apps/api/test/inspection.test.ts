import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInvoiceInspector, type InvoiceInspector } from '../src/index.ts'
import { invoiceOf, NIP_A, NOW } from './running-api.ts'

const deps = { environment: 'test' as const, now: () => NOW }
const LARGE = invoiceOf(NIP_A, { padToBytes: 900_000 })
const MANY_LINES = invoiceOf(NIP_A, {
  lines: Array.from({ length: 5_000 }, (_, n) => ({ name: `Towar ${n}`, quantity: 1, unitPriceGrosze: 100 })),
})

/** Far less than a new thread needs for its schema, and enough for one on a busy machine to begin. */
const HURRY_MS = 20

let inspector: InvoiceInspector
beforeAll(async () => {
  inspector = createInvoiceInspector(deps, {
    threads: 1,
    waitingMax: 3,
    deadlineMs: 60_000,
    patienceMs: 20_000,
  })
  await inspector.warmUp()
})
afterAll(() => inspector?.close())

describe('inspecting an invoice', () => {
  test('says the same in place and in a thread', async () => {
    const [small, large] = [await inspector.inspect(invoiceOf(NIP_A)), await inspector.inspect(LARGE)]
    expect(small).toMatchObject({
      ok: true,
      facts: { sellerNip: NIP_A, kind: 'VAT', issueDate: '2026-11-22' },
    })
    expect(large).toMatchObject({ ok: true, facts: { sellerNip: NIP_A, size: 900_000 } })
    const broken = Buffer.from(
      Buffer.from(MANY_LINES).toString().replace('<KodWaluty>PLN', '<KodWaluty>ZLOTY'),
    )
    expect(await inspector.inspect(broken)).toMatchObject({ ok: false, faults: [{ code: 'INVOICE_XSD' }] })
    expect((await inspector.check(broken, null)).findings).toMatchObject([{ code: 'INVOICE_XSD' }])
    expect(await inspector.check(MANY_LINES, null)).toMatchObject({
      facts: { sellerNip: NIP_A },
      findings: [],
    })
  })

  test('of a large one leaves the event loop free: timers fire while it runs', async () => {
    let done = false
    const running = inspector.inspect(MANY_LINES).finally(() => {
      done = true
    })
    let fired = 0
    while (!done) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (!done) fired += 1
    }
    expect((await running).ok).toBe(true)
    expect(fired, 'a document inspected in place would let no timer fire').toBeGreaterThan(3)
  })

  test('turns new ones away while too many wait, and those that wait still pass', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 12 }, () => inspector.inspect(LARGE)))
    const refused = answers.filter((answer) => answer.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'OVERLOADED' })
    const passed = answers.filter((answer) => answer.status === 'fulfilled')
    expect(passed.length).toBeGreaterThan(0)
    for (const { value } of passed) expect(value.ok).toBe(true)
  })

  test('gives a document up that takes too long, names it, and goes on with the next', async () => {
    const hurried = createInvoiceInspector(deps, {
      threads: 1,
      waitingMax: 10,
      deadlineMs: HURRY_MS,
      patienceMs: 20_000,
    })
    try {
      const verdict = await untilBegun(() => hurried.inspect(MANY_LINES))
      expect(verdict).toEqual({
        ok: false,
        faults: [expect.objectContaining({ code: 'INVOICE_TOO_COMPLEX' })],
      })
      expect(await untilBegun(() => hurried.check(MANY_LINES, null))).toMatchObject({
        facts: null,
        findings: [{ code: 'INVOICE_TOO_COMPLEX', severity: 'error', message: { pl: expect.any(String) } }],
      })
    } finally {
      await hurried.close()
    }
  })
})

describe('inspecting many', () => {
  test('says of each what it would say of it alone, in their order', async () => {
    const xmls = [invoiceOf(NIP_A), Buffer.from('<a/>'), LARGE, invoiceOf(NIP_A)]
    const together = await inspector.inspectMany(xmls)
    const alone: unknown[] = []
    for (const xml of xmls) alone.push(await inspector.inspect(xml))
    expect(together).toEqual(alone)
    expect(await inspector.inspectMany([])).toEqual([])
  })

  test('goes to a thread also with small ones: the event loop is free meanwhile', async () => {
    const xmls = Array.from({ length: 64 }, () => invoiceOf(NIP_A))
    let fired = 0
    let done = false
    const running = inspector.inspectMany(xmls).finally(() => {
      done = true
    })
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve))
      fired += 1
    }
    expect((await running).every(({ ok }) => ok)).toBe(true)
    expect(fired, 'documents inspected in place would let nothing else run').toBeGreaterThan(3)
  })

  test('with one among them that takes too long has it named, and goes on with the others', async () => {
    const hurried = createInvoiceInspector(deps, {
      threads: 1,
      waitingMax: 10,
      deadlineMs: HURRY_MS,
      patienceMs: 20_000,
    })
    try {
      const spoken = await untilBegun(() =>
        hurried.inspectMany([invoiceOf(NIP_A), MANY_LINES, invoiceOf(NIP_A)]),
      )
      expect(spoken).toHaveLength(3)
      expect(spoken[1]).toMatchObject({ ok: false, faults: [{ code: 'INVOICE_TOO_COMPLEX' }] })
    } finally {
      await hurried.close()
    }
  })
})

/** Within so short a time the thread may not have begun, which is another answer; then again. */
async function untilBegun<T>(inspect: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < 100; turn += 1) {
    const [answer] = await Promise.allSettled([inspect()])
    if (answer.status === 'fulfilled') return answer.value
    expect(answer.reason).toMatchObject({ code: 'OVERLOADED' })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the thread never began')
}
