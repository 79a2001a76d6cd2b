import { expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { makeHolder, personOf } from './wire/certificate.ts'
import { aCompany } from './wire/company.ts'

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const NIP = '3755747347'
const context = `<Nip>${NIP}</Nip>`

test('a person tied to a NIP owns its context by PESEL until removed', async () => {
  await using company = await aCompany()
  const { caller } = company
  const person = { nip: NIP, pesel: '30112206276', isBailiff: true, description: 'komornik' }
  expect((await caller.ask('POST', '/testdata/person', { body: person })).status).toBe(200)
  expect(errorCode((await caller.ask('POST', '/testdata/person', { body: person })).body)).toBe(30001)
  const holder = await makeHolder({ name: personOf('PNOPL-30112206276') })
  const { access } = await caller.signIn(holder, { context })
  const { body } = await caller.ask('POST', '/permissions/query/personal/grants', { token: access, body: {} })
  const scopes = body.permissions.map((one: Json) => one.permissionScope)
  expect(scopes).toEqual(
    expect.arrayContaining(['InvoiceWrite', 'CredentialsManage', 'EnforcementOperations']),
  )
  expect((await caller.ask('POST', '/testdata/person/remove', { body: { nip: NIP } })).status).toBe(200)
  const init = await caller.submit(holder, { context })
  expect((await caller.outcome(init.body)).status.code).toBe(415)
})

test('the means of a deceased person end in status 470', async () => {
  await using company = await aCompany()
  const { caller } = company
  const person = { nip: NIP, pesel: '30112206276', isBailiff: false, isDeceased: true, description: 'zmarły' }
  await caller.ask('POST', '/testdata/person', { body: person })
  const init = await caller.submit(await makeHolder({ name: personOf('TINPL-3755747347') }), { context })
  expect((await caller.outcome(init.body)).status.code).toBe(470)
})

test('a test subject exists once and can be made again after removal', async () => {
  await using company = await aCompany()
  const { caller } = company
  const body = {
    subjectNip: NIP,
    subjectType: 'VatGroup',
    description: 'grupa VAT',
    subunits: [{ subjectNip: '4972530874', description: 'członek grupy' }],
  }
  expect((await caller.ask('POST', '/testdata/subject', { body })).status).toBe(200)
  expect(errorCode((await caller.ask('POST', '/testdata/subject', { body })).body)).toBe(30001)
  expect((await caller.ask('POST', '/testdata/subject/remove', { body: { subjectNip: NIP } })).status).toBe(
    200,
  )
  expect((await caller.ask('POST', '/testdata/subject', { body })).status).toBe(200)
})

test('a request that misses a member is refused with 21405 and says which', async () => {
  await using company = await aCompany()
  const answer = await company.caller.ask('POST', '/testdata/person', { body: { nip: NIP } })
  expect(errorCode(answer.body)).toBe(21405)
  expect(answer.body.exception.exceptionDetailList[0].details.join()).toContain('pesel')
})

test('one sign-in revokes another of the same subject by its reference number', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const list = await caller.ask('GET', '/auth/sessions', { token: access })
  const [{ referenceNumber }] = list.body.items
  expect((await caller.ask('DELETE', `/auth/sessions/${referenceNumber}`, { token: access })).status).toBe(
    204,
  )
  expect((await caller.ask('GET', '/auth/sessions', { token: access })).body.items).toEqual([])
  const unknown = '20260101-AU-0000000000-0000000000-00'
  expect((await caller.ask('DELETE', `/auth/sessions/${unknown}`, { token: access })).status).toBe(400)
})
