import { expect, test } from 'vitest'
import { pageOf } from './continuation.ts'

test('pages follow each other without gap or overlap and end without a token', () => {
  const rows = Array.from({ length: 25 }, (_, index) => index)
  const seen: number[] = []
  let token: string | undefined
  do {
    const page = pageOf(rows, 10, token)
    seen.push(...page.rows)
    token = page.continuationToken ?? undefined
  } while (token !== undefined)
  expect(seen).toEqual(rows)
})

test('a token of another make is refused with 21418', () => {
  expect(() => pageOf([1], 10, 'bzdura')).toThrow('21418')
})
