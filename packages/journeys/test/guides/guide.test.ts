import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { patternOf, runSteps, stepsOf } from './guide.ts'

const page = (...blocks: [language: string, text: string][]): string =>
  blocks.map(([language, text]) => `words\n\n\`\`\`${language}\n${text}\n\`\`\`\n`).join('\n')

const run = (markdown: string, withinMs = 10_000) =>
  runSteps(stepsOf(markdown), {
    env: {},
    directory: mkdtempSync(join(tmpdir(), 'guide-')),
    withinMs,
  })

test('a step that fails stops the guide and is named by its line, also when it is not the last of a pipe', async () => {
  const { failedAt, printed } = await run(page(['sh', 'A=1'], ['sh', 'false | cat'], ['sh', 'echo never']))
  expect(failedAt?.script).toBe('false | cat\n')
  expect(failedAt?.line).toBe(9)
  expect(printed.join('')).not.toContain('never')
})

test('a step that waits for ever is ended with what it has started, and named', async () => {
  const { failedAt, complaints } = await run(page(['sh', 'A=1'], ['sh', 'sleep 600 | cat']), 500)
  expect(failedAt?.line).toBe(9)
  expect(complaints).toContain('not done within')
})

test('steps share one shell, and each is held to what it printed itself', async () => {
  const { failedAt, printed } = await run(page(['sh', 'A=5; echo one'], ['json', '{}'], ['sh', 'echo $A']))
  expect(failedAt).toBeNull()
  expect(printed).toEqual(['one\n', '5\n'])
})

test('what a step prints stands right below it; another block between them belongs to neither', () => {
  const steps = stepsOf(page(['sh', 'a'], ['text', 'A'], ['sh', 'b'], ['json', '{}'], ['text', 'B']))
  expect(steps.map(({ prints }) => prints)).toEqual(['A\n', null])
})

test('dots stand for what differs, within a line or for whole lines, and for nothing else', () => {
  expect('state active\nid 5\nend\n').toMatch(patternOf('state active\nid …\nend'))
  expect('first\n2\n3\nlast\n').toMatch(patternOf('first\n…\nlast'))
  expect('state pending\n').not.toMatch(patternOf('state active'))
  expect('a\nb\n').not.toMatch(patternOf('a …'))
  expect('axb\n').not.toMatch(patternOf('a.b'))
})
