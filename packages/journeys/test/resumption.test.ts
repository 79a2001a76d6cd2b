/** What the soak calls the resumption of sending, on logs made by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { resumptions } from '../src/chaos/checks/resumption.ts'

const folder = mkdtempSync(join(tmpdir(), 'resumption-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const DIED = 1_000_000
const at = (ms: number) => DIED + ms
const death = (ms: number, ...held: string[]) => ({ at: at(ms), slot: 1, life: 1, moment: 'a moment', held })
const told = (ms: number, submissionId: string, [event, state]: readonly [string, string?]) =>
  JSON.stringify({ time: new Date(at(ms)).toISOString(), event: `delivery.${event}`, submissionId, state })

let files = 0
function resumed(deaths: ReturnType<typeof death>[], lines: string[], narrow: string[] = []) {
  const file = join(folder, `worker-${files++}.log`)
  writeFileSync(file, `${lines.join('\n')}\n{"torn`)
  const of = (companyId: string, acceptedMs: number) => ({ companyId, acceptedAt: new Date(at(acceptedMs)) })
  const submissions = new Map([
    ['struck', of('a', -500)],
    ['beside', of('a', -400)],
    ['later', of('a', 3_000)],
    ['foreign', of('b', -500)],
  ])
  return resumptions(deaths, {
    logFiles: [file, join(folder, 'gone.log')],
    submissions,
    narrow: new Set(narrow),
  })
}

test('sending has resumed with the company’s next sending, not with what others of it, or other companies, hear', () => {
  const lines = [
    told(-10, 'beside', ['attempt-ended', 'sent']),
    told(100, 'beside', ['verdict', 'registered']),
    told(150, 'foreign', ['attempt-ended', 'sent']),
    told(200, 'beside', ['attempt-ended', 'held']),
    told(700, 'beside', ['attempt-ended', 'sent']),
    told(2_500, 'struck', ['lost-found']),
  ]
  expect(resumed([death(0, 'struck')], lines)).toEqual({ company: [700], invoice: [2_500], struckAgain: 0 })
})

test('where nothing waits, it counts from when there was something to send', () => {
  const lines = [
    told(3_400, 'later', ['attempt-ended', 'sent']),
    told(9_000, 'struck', ['attempt-ended', 'sent']),
  ]
  expect(resumed([death(0, 'struck')], lines)).toEqual({ company: [400], invoice: [9_000], struckAgain: 0 })
})

test('one that its next worker died of as well counts from that death on, and one that waits for limits not at all', () => {
  const lines = [told(6_000, 'struck', ['attempt-ended', 'sent'])]
  const deaths = [death(0, 'struck'), death(5_000, 'struck')]
  expect(resumed(deaths, lines)).toEqual({ company: [1_000, 6_000], invoice: [1_000], struckAgain: 1 })
  expect(resumed(deaths, lines, ['a'])).toEqual({ company: [], invoice: [], struckAgain: 0 })
})
