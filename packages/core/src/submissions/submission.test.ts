import { expect, test } from 'vitest'
import { SESSION_NEXT, SESSION_STATES } from '../delivery/session.ts'
import { assertMove, NEXT, SUBMISSION_STATES } from './submission.ts'

const LEGAL = [
  ['pending', 'claimed'],
  ['pending', 'held'],
  ['claimed', 'pending'],
  ['claimed', 'sent'],
  ['claimed', 'lost'],
  ['claimed', 'held'],
  ['sent', 'registered'],
  ['sent', 'rejected'],
  ['sent', 'pending'],
  ['sent', 'held'],
  ['lost', 'sent'],
  ['lost', 'pending'],
  ['lost', 'held'],
  ['registered', 'receipted'],
  ['held', 'pending'],
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

test('every way ends: from each state an end is reached, and an end is left by none', () => {
  const ends = ['receipted', 'rejected'] as const
  for (const end of ends) expect(NEXT[end]).toEqual([])
  for (const state of SUBMISSION_STATES) {
    const reached = new Set([state])
    for (const one of reached) for (const next of NEXT[one]) reached.add(next)
    expect(ends.some((end) => reached.has(end))).toBe(true)
  }
})

test('a session only goes forward', () => {
  for (const state of SESSION_STATES) {
    for (const next of SESSION_NEXT[state])
      expect(SESSION_STATES.indexOf(next)).toBeGreaterThan(SESSION_STATES.indexOf(state))
  }
})
