import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { warsawDate } from '../src/clock.ts'
import { aCompany, COMPANY_NIP } from './wire/company.ts'
import { contractFolder } from './wire/contract-folder.ts'
import { nextNumber } from './wire/invoice.ts'

const folder = contractFolder('sending the official invoice samples')
const TEMPLATES = [
  ['invoice-template-fa-2.xml', 'FA (2)'],
  ['invoice-template-fa-3.xml', 'FA (3)'],
  ['invoice-template-fa-3-lines.xml', 'FA (3)'],
  ['invoice-template-fa-3-with-custom-Subject2.xml', 'FA (3)'],
] as const

const FILL: Record<string, string> = {
  '#nip#': COMPANY_NIP,
  '#nipOdbiorca#': '7980332920',
  '#invoicing_date#': warsawDate(new Date()),
}

function filled(template: string): string {
  return readFileSync(`${folder}/samples/${template}`, 'utf8')
    .trim()
    .replaceAll(/#[\w-]+#/g, (place) => FILL[place] ?? nextNumber())
}

test.runIf(folder !== undefined).each(TEMPLATES)(
  'the official sample %s is accepted as %s',
  async (template, form) => {
    await using company = await aCompany()
    const { caller, access } = company
    const aes = await caller.newKey()
    const opened = await caller.ask('POST', '/sessions/online', {
      token: access,
      body: caller.opening(aes, form),
    })
    const settled = await caller.deliver(access, { ...opened.body, aes }, filled(template))
    expect([settled.status.details, settled.status.code]).toEqual([undefined, 200])
  },
)
