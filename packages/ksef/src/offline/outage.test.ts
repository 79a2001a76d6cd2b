import { expect, test } from 'vitest'
import type { LighthouseMessage } from '../api/lighthouse.ts'
import { outagesOf } from './outage.ts'

const at = (time: string): Date => new Date(`2026-07-${time}Z`)
const message = (members: Partial<LighthouseMessage>): LighthouseMessage => ({
  id: 'K/2026/AWR/01',
  eventId: '1002',
  category: 'FAILURE',
  type: 'FAILURE_START',
  title: 'Wystąpiła awaria',
  text: 'Trwa awaria.',
  start: at('09T08:00'),
  end: null,
  version: 1,
  published: at('09T08:15'),
  ...members,
})
const ended = (members: Partial<LighthouseMessage> = {}) =>
  message({
    id: 'K/2026/AWR/02',
    type: 'FAILURE_END',
    end: at('11T10:00'),
    published: at('11T10:05'),
    ...members,
  })

test('a failure lasts until its end is told', () => {
  const failure = { kind: 'failure', announced: at('09T08:15'), start: at('09T08:00') }
  expect(outagesOf([message({})])).toEqual([{ ...failure, end: null }])
  expect(outagesOf([ended(), message({})])).toEqual([{ ...failure, end: at('11T10:00') }])
  expect(outagesOf([message({}), ended({ eventId: '1003' })])).toEqual([{ ...failure, end: null }])
})

test('an end told without its moment is the moment it was told', () => {
  expect(outagesOf([message({}), ended({ end: null })])[0]?.end).toEqual(at('11T10:05'))
})

test('a planned unavailability comes with its end; its later version counts, announced when the first was', () => {
  const planned = message({
    id: 'K/2026/NSP/01',
    category: 'MAINTENANCE',
    type: 'MAINTENANCE_ANNOUNCEMENT',
    start: at('18T20:00'),
    end: at('18T23:00'),
    published: at('10T12:00'),
  })
  const longer = { ...planned, version: 2, end: at('19T04:00'), published: at('17T12:00') }
  expect(outagesOf([longer, planned])).toEqual([
    { kind: 'unavailability', announced: at('10T12:00'), start: at('18T20:00'), end: at('19T04:00') },
  ])
})

test('a failure that becomes total is two outages, by their start', () => {
  const total = message({
    id: 'K/2026/AWR/03',
    eventId: '1003',
    category: 'TOTAL_FAILURE',
    start: at('10T13:00'),
  })
  expect(outagesOf([total, message({})]).map(({ kind }) => kind)).toEqual(['failure', 'totalFailure'])
})
