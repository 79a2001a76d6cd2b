import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Sealed } from './sealed.ts'

const secret = 'eyJhbGciOi-planted-secret'
const sealed = new Sealed(secret)

test('no way of printing a sealed value shows it', () => {
  const shown = [
    String(sealed),
    `${sealed}`,
    JSON.stringify({ sealed }),
    inspect({ deep: { deeper: { sealed } } }, { depth: 9, showHidden: true }),
    JSON.stringify(structuredClone(sealed)),
    Object.entries(sealed).join(),
    new Error(`failed with ${sealed}`).message,
  ]
  for (const text of shown) expect(text).not.toContain('planted')
  expect(String(sealed)).toBe('[sealed]')
  expect(JSON.stringify({ sealed })).toBe('{"sealed":"[sealed]"}')
})

test('the value comes out only by asking', () => {
  expect(sealed.reveal()).toBe(secret)
})

test('sealed values compare by content, text equal to its UTF-8 bytes', () => {
  expect(sealed.equals(new Sealed(secret))).toBe(true)
  expect(sealed.equals(new Sealed(Buffer.from(secret)))).toBe(true)
  expect(sealed.equals(new Sealed(`${secret}x`))).toBe(false)
  expect(sealed.equals(new Sealed(secret.replace('p', 'q')))).toBe(false)
})
