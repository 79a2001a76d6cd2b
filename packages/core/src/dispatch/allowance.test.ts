import { expect, test } from 'vitest'
import { type Allowance, leastOf } from './allowance.ts'

const NOW = new Date('2026-11-28T10:00:00Z')
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)
const allowance = (set: Partial<Allowance>): Allowance => ({
  left: 10,
  freeAt: null,
  spentOfHour: 0,
  perHour: 60,
  ...set,
})

test('of two that go together none may be made while one of them is refused, until both are free', () => {
  const refused = allowance({ left: 0, freeAt: after(240), perHour: 120 })
  expect(leastOf(allowance({}), refused)).toMatchObject({ left: 0, freeAt: after(240) })
  const spent = allowance({ left: 0, freeAt: after(300) })
  expect(leastOf(refused, spent)).toMatchObject({ left: 0, freeAt: after(300) })
})

test('of two that go together the one with less left of its hour sets the pace', () => {
  const [opening, closing] = [allowance({ spentOfHour: 20 }), allowance({ spentOfHour: 70, perHour: 120 })]
  expect(leastOf(opening, closing)).toMatchObject({ spentOfHour: 20, perHour: 60 })
  const worn = allowance({ spentOfHour: 110, perHour: 120 })
  expect(leastOf(opening, worn)).toMatchObject({ spentOfHour: 110, perHour: 120 })
})
