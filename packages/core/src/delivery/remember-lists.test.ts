import type { KsefFailure, Result, SessionInvoice } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { rememberLists } from './remember-lists.ts'

const failure = (kind: KsefFailure['kind']): KsefFailure => ({
  operation: 'listSessionInvoices',
  kind,
  effect: 'none',
  code: kind === 'refused' ? 'KSEF_SESSION_NOT_FOUND' : 'KSEF_SERVER_ERROR',
})

function lists(answer: Result<readonly SessionInvoice[]>) {
  const asked: string[] = []
  const sessionInvoices = async (session: string) => {
    asked.push(session)
    return answer
  }
  return { asked, ksef: rememberLists({ sessionInvoices } as Partial<CompanyKsef> as CompanyKsef) }
}

const askTwiceAndAnother = async (ksef: CompanyKsef) => {
  for (const session of ['A', 'A', 'B']) await ksef.sessionInvoices(session)
}

test('a list is fetched once for each session, and so is its refusal', async () => {
  for (const answer of [
    { ok: true as const, value: [] },
    { ok: false as const, failure: failure('refused') },
  ]) {
    const { asked, ksef } = lists(answer)
    await askTwiceAndAnother(ksef)
    expect(asked).toEqual(['A', 'B'])
  }
})

test('a failure is no answer: it is asked again', async () => {
  const { asked, ksef } = lists({ ok: false, failure: failure('server') })
  await askTwiceAndAnother(ksef)
  expect(asked).toEqual(['A', 'A', 'B'])
})
