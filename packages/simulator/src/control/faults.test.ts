import { expect, test } from 'vitest'
import { createFaults } from './faults.ts'

test('a fault lets calls pass, strikes as often as told, then rests', () => {
  const faults = createFaults([{ operation: 'GET /a', mode: 'delay', skip: 1, times: 2 }])
  const strikes = Array.from({ length: 4 }, () => faults.strike('GET /a') !== undefined)
  expect(strikes).toEqual([false, true, true, false])
})

test('another operation is not struck', () => {
  const faults = createFaults([{ operation: 'GET /a', mode: 'delay' }])
  expect(faults.strike('GET /b')).toBeUndefined()
})
