import { expect, test } from 'vitest'
import { SESSION_NEXT, SESSION_STATES } from '../delivery/session.ts'
import { assertMove, NEXT, SUBMISSION_STATES } from './submission.ts'

const LEGAL = [
  ['pending', 'claimed'],
  ['pending', 'packed'],
  ['pending', 'held'],
  ['claimed', 'pending'],
  ['claimed', 'sent'],
  ['claimed', 'lost'],
  ['claimed', 'held'],
  ['packed', 'sent'],
  ['packed', 'registered'],
  ['packed', 'pending'],
  ['packed', 'held'],
  ['sent', 'registered'],
  ['sent', 'rejected'],
  ['sent', 'pending'],
  ['sent', 'held'],
  ['lost', 'sent'],
  ['lost', 'pending'],
  ['lost', 'held'],
  ['registered', 'receipted'],
  ['held', 'pending'],
  ['rejected', 'pending'],
].map((move) => move.join(' → '))

const PAIRS = SUBMISSION_STATES.flatMap((from) => SUBMISSION_STATES.map((to) => [from, to] as const))

test.each(PAIRS)('%s → %s is let through exactly when the table knows it', (from, to) => {
  const move = () => assertMove(from, to)
  if (LEGAL.includes(`${from} → ${to}`)) expect(move).not.toThrow()
  else expect(move).toThrow(`submission cannot go from ${from} to ${to}`)
})

test('a lost invoice is never registered, rejected or sent again before it was found or certainly missed', () => {
  expect(NEXT.lost).toEqual(['sent', 'pending', 'held'])
})

test('every way ends: from each state an end is reached; a receipted one stays, a rejected one goes to its start', () => {
  const ends = ['receipted', 'rejected'] as const
  expect(NEXT.receipted).toEqual([])
  expect(NEXT.rejected).toEqual(['pending'])
  for (const state of SUBMISSION_STATES) {
    const reached = new Set([state])
    for (const one of reached) for (const next of NEXT[one]) reached.add(next)
    expect(ends.some((end) => reached.has(end))).toBe(true)
  }
})

test('nothing takes a rejected one back but a person who asks for a retry', async () => {
  const { glob, readFile } = await import('node:fs/promises')
  const root = `${import.meta.dirname}/..`
  const leaving: string[] = []
  for await (const file of glob('**/*.ts', { cwd: root })) {
    if (file.endsWith('.test.ts')) continue
    if (/(from|retry): 'rejected'/.test(await readFile(`${root}/${file}`, 'utf8'))) leaving.push(file)
  }
  expect(leaving.sort()).toEqual(['submissions/outcome.ts', 'submissions/retry-submission.ts'])
})

test('a session only goes forward', () => {
  for (const state of SESSION_STATES) {
    for (const next of SESSION_NEXT[state])
      expect(SESSION_STATES.indexOf(next)).toBeGreaterThan(SESSION_STATES.indexOf(state))
  }
})
