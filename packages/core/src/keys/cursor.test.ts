import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCursor, writeCursor } from './cursor.ts'

const KEY = randomBytes(32)
const OWNER = ['invoices', 'company-a', '']
const cursor = writeCursor(KEY, OWNER, { createdAt: '2026-11-22T12:00:00.000Z', id: 'x' })

test('a cursor leads back to its position, whatever the position', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.dictionary(fc.string(), fc.string()), (owner, position) => {
      expect(readCursor(KEY, owner, writeCursor(KEY, owner, position))).toEqual({ ...position })
    }),
  )
})

test('another company, another list, another filter and another key refuse it', () => {
  const owners = [
    ['invoices', 'company-b', ''],
    ['companies', 'company-a', ''],
    ['invoices', 'company-a', 'held'],
    [],
  ]
  for (const owner of [...owners, ['invoicescompany-a', ''], ['invoices', 'company-a']])
    expect(readCursor(KEY, owner, cursor)).toBeNull()
  expect(readCursor(randomBytes(32), OWNER, cursor)).toBeNull()
})

test('any byte changed, cut or added makes it none', () => {
  const bytes = Buffer.from(cursor, 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(readCursor(KEY, OWNER, changed.toString('base64url'))).toBeNull()
    expect(readCursor(KEY, OWNER, bytes.subarray(0, at).toString('base64url'))).toBeNull()
  }
  expect(readCursor(KEY, OWNER, Buffer.concat([bytes, Buffer.from(' ')]).toString('base64url'))).toBeNull()
})

test('rubbish is none, and never an exception', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => readCursor(KEY, OWNER, text) === null))
})
