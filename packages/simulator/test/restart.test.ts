import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { serialize } from 'node:v8'
import { afterAll, expect, test } from 'vitest'
import { startSimulator } from '../src/index.ts'
import { createCaller } from './wire/caller.ts'
import { makeHolder, sealOf } from './wire/certificate.ts'
import { certify } from './wire/certification-request.ts'
import { aCompany, COMPANY_NIP } from './wire/company.ts'
import { underContract } from './wire/contract-folder.ts'
import { invoiceXml } from './wire/invoice.ts'

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts')
const started: ChildProcess[] = []
afterAll(() => started.map((child) => child.kill('SIGKILL')))

async function aFolder() {
  const directory = await mkdtemp(path.join(tmpdir(), 'ksef-simulator-'))
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) }
}

async function runProcess(directory: string): Promise<{ process: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [MAIN, '--data', directory, '--processing-delay-ms', '5'])
  started.push(child)
  const [line] = await once(child.stdout, 'data')
  return { process: child, url: /http:\S+/.exec(String(line))?.[0] ?? '' }
}

test('a simulator that starts again in its folder knows its tokens, sessions, invoices, grants and documents', async () => {
  await using folder = await aFolder()
  const dataDirectory = folder.directory
  const xml = invoiceXml()
  const before = await aCompany({ dataDirectory })
  const session = await before.caller.openSession(before.access)
  const settled = await before.caller.deliver(before.access, session, xml)
  await before.caller.ask('POST', `${before.control}/clock`, { body: { offsetMs: 60_000 } })
  await before.simulator.close()

  await using after = await startSimulator({ dataDirectory, processingDelayMs: 5 })
  const caller = createCaller(after.url)
  const token = before.access
  const again = await caller.ask('GET', `/sessions/${session.referenceNumber}/invoices`, { token })
  expect(again.body.invoices[0]).toMatchObject({ ksefNumber: settled.ksefNumber, status: { code: 200 } })
  expect((await caller.ask('GET', `/invoices/ksef/${settled.ksefNumber}`, { token })).text).toBe(xml)
  expect((await caller.deliver(token, session, xml)).status.code).toBe(440)
  expect(after.ledger.snapshot().postsByHash[settled.invoiceHash]).toBe(2)
  expect(after.control.clock.now().getTime()).toBeGreaterThan(Date.now() + 50_000)
})

test('certificates, tokens, grants, limits, blocks and exports are known after a restart as well', async () => {
  await using folder = await aFolder()
  const dataDirectory = folder.directory
  const before = await aCompany({ dataDirectory })
  const { caller, access: token } = before
  const post = async (path: string, body: unknown) => {
    const answer = await caller.ask('POST', path, { token, body })
    expect([path, answer.status < 300]).toEqual([path, true])
    return answer.body
  }
  const certified = await certify(caller, token, { type: 'Authentication' })
  const made = await post('/tokens', { permissions: ['InvoiceRead'], description: 'token na potem' })
  const operation = await post('/permissions/entities/grants', {
    subjectIdentifier: { type: 'Nip', value: '7980332920' },
    permissions: [{ type: 'InvoiceWrite', canDelegate: false }],
    description: 'biuro rachunkowe',
    subjectDetails: { fullName: 'Biuro' },
  })
  await caller.until(
    () => caller.ask('GET', `/permissions/operations/${operation.referenceNumber}`, { token }),
    ({ status }) => status.code === 200,
  )
  await caller.deliver(token, await caller.openSession(token), invoiceXml())
  const { encryption } = caller.opening(await caller.newKey())
  const from = new Date(Date.now() - 3_600_000).toISOString()
  const filters = { subjectType: 'Subject1', dateRange: { dateType: 'PermanentStorage', from } }
  const exported = await post('/invoices/exports', { encryption, filters })
  await caller.until(
    () => caller.ask('GET', `/invoices/exports/${exported.referenceNumber}`, { token }),
    ({ status }) => status.code === 200,
  )
  await caller.ask('POST', '/testdata/context/block', {
    body: { contextIdentifier: { type: 'Nip', value: '1111111111' } },
  })
  await before.simulator.close()

  await using after = await startSimulator({ dataDirectory, processingDelayMs: 5, ...underContract() })
  const again = createCaller(after.url)
  const signedIn = await again.signIn(certified.holder)
  const ask = async (path: string) => (await again.ask('GET', path, { token: signedIn.access })).body
  expect(await ask(`/tokens/${made.referenceNumber}`)).toMatchObject({ status: 'Active' })
  expect((await ask(`/permissions/operations/${operation.referenceNumber}`)).status.code).toBe(200)
  expect((await ask(`/invoices/exports/${exported.referenceNumber}`)).status.code).toBe(210)
  const partner = await makeHolder({ name: sealOf('7980332920') })
  await again.signIn(partner, { context: `<Nip>${COMPANY_NIP}</Nip>` })
  const blocked = await makeHolder({ name: sealOf('1111111111') })
  const refused = await again.submit(blocked, { context: '<Nip>1111111111</Nip>' })
  expect((await again.outcome(refused.body)).status.code).toBe(480)
})

test('killed amid sending, it has every invoice that it answered for, and no number twice', async () => {
  await using folder = await aFolder()
  const answered: string[] = []
  const first = await runProcess(folder.directory)
  const caller = createCaller(first.url)
  const { access } = await caller.signIn(await makeHolder({ name: sealOf(COMPANY_NIP) }))
  const session = await caller.openSession(access)
  const senders = Array.from({ length: 4 }, async () => {
    for (;;) {
      const answer = await caller.send(access, session, invoiceXml()).catch(() => undefined)
      if (answer === undefined) return
      answered.push(answer.body.referenceNumber)
      if (answered.length === 20) first.process.kill('SIGKILL')
    }
  })
  await Promise.all(senders)
  // What a write that was cut short leaves behind is no obstacle.
  await writeFile(path.join(folder.directory, 'state.v8.part'), 'half')

  const second = await runProcess(folder.directory)
  const later = createCaller(second.url)
  const found: string[] = []
  const numbers: string[] = []
  for (const reference of answered) {
    const invoice = await later.settled(access, session, reference)
    found.push(invoice.referenceNumber)
    numbers.push(invoice.ksefNumber)
  }
  expect(answered.length).toBeGreaterThanOrEqual(20)
  expect(found).toEqual(answered)
  expect((await later.deliver(access, session, invoiceXml())).status.code).toBe(200)
  expect(new Set(numbers).size).toBe(numbers.length)
  second.process.kill('SIGTERM')
  await once(second.process, 'exit')
})

test('documents lie in the folder by their hash, once each', async () => {
  await using folder = await aFolder()
  await using company = await aCompany({ dataDirectory: folder.directory })
  const session = await company.caller.openSession(company.access)
  const settled = await company.caller.deliver(company.access, session, invoiceXml())
  const name = `${Buffer.from(settled.invoiceHash, 'base64').toString('hex')}.xml`
  expect(await readdir(path.join(folder.directory, 'documents'))).toEqual([name])
})

test('a folder of another version is refused by name', async () => {
  await using folder = await aFolder()
  const file = path.join(folder.directory, 'state.v8')
  await writeFile(file, serialize({ version: 0, state: {} }))
  await expect(startSimulator({ dataDirectory: folder.directory })).rejects.toThrow(file)
})

test('the same seed and the same requests give the same numbers', async () => {
  const run = async (seed: string) => {
    await using company = await aCompany({
      seed,
      now: () => new Date('2026-11-21T10:00:00Z'),
      processingDelayMs: 0,
    })
    const session = await company.caller.openSession(company.access)
    const { ksefNumber } = await company.caller.deliver(company.access, session, invoiceXml())
    return [session.referenceNumber, ksefNumber]
  }
  const [one, same, other] = [await run('a'), await run('a'), await run('b')]
  expect(same).toEqual(one)
  expect(other).not.toEqual(one)
})
