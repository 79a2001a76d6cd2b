import { expect, test } from 'vitest'
import { aCompany, type Company } from './wire/company.ts'
import { invoiceXml } from './wire/invoice.ts'

const WRONG_NIP = '7980332921'

async function deliver({ caller, access }: Company, feature: string | undefined, buyerNip: string) {
  const aes = await caller.newKey()
  const headers = feature === undefined ? {} : { 'x-ksef-feature': feature }
  const body = caller.opening(aes)
  const opened = await caller.ask('POST', '/sessions/online', { token: access, body, headers })
  return caller.deliver(access, { ...opened.body, aes }, invoiceXml({ buyerNip }))
}

test('check digits of NIPs are asked for when the session was opened with that feature', async () => {
  await using company = await aCompany()
  const { status } = await deliver(company, 'subject-identifier-validation', WRONG_NIP)
  expect(status.code).toBe(450)
  expect(status.details).toEqual([`Podmiot2: nieprawidłowa suma kontrolna numeru NIP ${WRONG_NIP}.`])
  const right = await deliver(company, 'subject-identifier-validation', '7980332920')
  expect(right.status.code).toBe(200)
})

test.each([undefined, 'upo-v4-3', 'subject-identifier-validation, upo-v4-3'])(
  'with the feature header %s they are not',
  async (feature) => {
    await using company = await aCompany()
    expect((await deliver(company, feature, WRONG_NIP)).status.code).toBe(200)
  },
)
