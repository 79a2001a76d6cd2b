import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readContract } from '../src/contract.ts'
import { startSimulator } from '../src/index.ts'
import { UNIMPLEMENTED } from '../src/routes/unimplemented.ts'
import { aCompany, type Company } from './wire/company.ts'
import { contractFolder } from './wire/contract-folder.ts'
import { invoiceXml } from './wire/invoice.ts'

const SEND = 'POST /sessions/online/{referenceNumber}/invoices'

const arm = ({ caller, control }: Company, fault: Record<string, unknown>) =>
  caller.ask('POST', `${control}/faults`, { body: { operation: SEND, ...fault } })

test.each(['drop-answer-after-effect', 'cut-body-after-effect'])(
  '%s loses the answer, not the invoice',
  async (mode) => {
    await using company = await aCompany()
    const { caller, access, simulator } = company
    const session = await caller.openSession(access)
    await arm(company, { mode })
    await expect(caller.send(access, session, invoiceXml())).rejects.toThrow()
    expect(simulator.ledger.snapshot().accepted).toHaveLength(1)
    expect((await caller.send(access, session, invoiceXml())).status).toBe(202)
  },
)

test('reset-before-effect loses both', async () => {
  await using company = await aCompany()
  const { caller, access, simulator } = company
  const session = await caller.openSession(access)
  await arm(company, { mode: 'reset-before-effect' })
  await expect(caller.send(access, session, invoiceXml())).rejects.toThrow()
  expect(simulator.ledger.snapshot().decisions).toEqual([])
  expect(simulator.ledger.calls()).toContainEqual(expect.objectContaining({ operation: SEND, httpStatus: 0 }))
})

test('a fault for an operation that does not exist is refused, armed later or from the start', async () => {
  await using company = await aCompany()
  const operation = 'POST /sessions/online/*/invoices'
  expect((await arm(company, { operation, mode: 'delay' })).status).toBe(400)
  await expect(startSimulator({ faults: [{ operation, mode: 'delay' }] })).rejects.toThrow(operation)
})

test('a system warning that is asked for comes back', async () => {
  await using company = await aCompany()
  const headers = { 'x-test-system-warning': '[sig-001]: podpis' }
  const answer = await company.caller.ask('POST', '/auth/challenge', { headers })
  expect(answer.headers.get('x-system-warning')).toBe('[sig-001]: podpis')
})

test('a made-up status comes with its body and headers, as often as told, before or after the effect', async () => {
  await using company = await aCompany()
  const { caller, access, simulator } = company
  const session = await caller.openSession(access)
  await arm(company, {
    mode: 'status',
    httpStatus: 429,
    headers: { 'retry-after': '30' },
    body: { a: 1 },
    times: 2,
    skip: 1,
  })
  const answers = []
  for (let sent = 0; sent < 4; sent++) answers.push(await caller.send(access, session, invoiceXml()))
  expect(answers.map((answer) => answer.status)).toEqual([202, 429, 429, 202])
  expect([answers[1]?.headers.get('retry-after'), answers[1]?.body]).toEqual(['30', { a: 1 }])
  expect(simulator.ledger.snapshot().accepted).toHaveLength(2)
  await arm(company, { mode: 'status', httpStatus: 504, afterEffect: true, body: '<html></html>' })
  expect((await caller.send(access, session, invoiceXml())).status).toBe(504)
  expect(simulator.ledger.snapshot().accepted).toHaveLength(3)
})

test('faults are cleared together and only strike their own operation', async () => {
  await using company = await aCompany()
  const { caller, access, control } = company
  await arm(company, { mode: 'status', httpStatus: 503, times: 9 })
  const session = await caller.openSession(access)
  await caller.ask('DELETE', `${control}/faults`)
  expect((await caller.send(access, session, invoiceXml())).status).toBe(202)
})

test('a fault can strike the download of a receipt', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const { upoDownloadUrl } = await caller.deliver(access, await caller.openSession(access), invoiceXml())
  await arm(company, { operation: 'GET /storage/upo', mode: 'status', httpStatus: 503 })
  expect((await caller.ask('GET', upoDownloadUrl)).status).toBe(503)
  expect((await caller.ask('GET', upoDownloadUrl)).status).toBe(200)
})

test('the ledger tells over HTTP what was accepted and what was called', async () => {
  await using company = await aCompany()
  const { caller, access, control, simulator } = company
  const settled = await caller.deliver(access, await caller.openSession(access), invoiceXml())
  const { body } = await caller.ask('GET', `${control}/ledger`)
  expect(body).toEqual(simulator.ledger.snapshot())
  expect(body.accepted[0]).toMatchObject({ ksefNumber: settled.ksefNumber, invoiceHash: settled.invoiceHash })
  expect(body.operations[SEND]).toBe(1)
  const { body: log } = await caller.ask('GET', `${control}/ledger/calls`)
  expect(log.calls).toContainEqual(expect.objectContaining({ operation: SEND, httpStatus: 202 }))
})

test('a missing storey answers 501 and names the operation', async () => {
  await using company = await aCompany()
  const { status, body } = await company.caller.ask('POST', '/collective-identifiers', {
    token: company.access,
    body: {},
  })
  expect([status, body.operation]).toEqual([501, 'POST /collective-identifiers'])
})

test('every operation of the official API is spoken or named as missing', async ({ skip }) => {
  const folder = contractFolder('the parity of operations with the official OpenAPI file')
  if (folder === undefined) return skip()
  await using company = await aCompany()
  const official = readContract(`${folder}/open-api.json`).operations
  expect(official.length).toBeGreaterThan(80)
  const missing = new Set(UNIMPLEMENTED)
  expect([...missing].filter((operation) => !official.includes(operation))).toEqual([])
  for (const operation of official.filter((one) => !missing.has(one))) {
    const [method = '', template = ''] = operation.split(' ')
    const { status } = await company.caller.ask(method, template.replaceAll(/\{\w+\}/g, 'x'), {})
    expect([operation, status === 404 || status === 501]).toEqual([operation, false])
  }
})

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts')

test('the command prints its address, says which port is taken, and ends with 0', async () => {
  const first = spawn(process.execPath, [MAIN, '--port', '0'])
  const [line] = await once(first.stdout, 'data')
  const url = /http:\/\/127\.0\.0\.1:(\d+)\/v2/.exec(String(line))
  expect(String(line)).toBe(`KSeF simulator listening on ${url?.[0]}\n`)
  const port = url?.[1] ?? ''
  const second = spawn(process.execPath, [MAIN, '--port', port])
  const [[complaint], [code]] = await Promise.all([once(second.stderr, 'data'), once(second, 'exit')])
  expect([String(complaint).includes(`Port ${port} `), code]).toEqual([true, 1])
  first.kill('SIGTERM')
  expect(await once(first, 'exit')).toEqual([0, null])
})
