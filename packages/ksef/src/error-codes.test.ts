import { expect, test } from 'vitest'
import { KSEF_ERRORS } from './error-codes.ts'

test('each code of the table is said by something, so none is dead', async () => {
  const { readFile, glob } = await import('node:fs/promises')
  let source = ''
  for await (const file of glob('**/*.ts', { cwd: import.meta.dirname })) {
    if (file.endsWith('.test.ts') || file === 'error-codes.ts') continue
    source += await readFile(`${import.meta.dirname}/${file}`, 'utf8')
  }
  expect(Object.keys(KSEF_ERRORS).filter((code) => !source.includes(`'${code}'`))).toEqual([])
})
