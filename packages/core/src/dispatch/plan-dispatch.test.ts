import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Allowance } from './allowance.ts'
import { type PendingGroup, travelOf } from './pending-group.ts'
import { type DispatchState, planDispatch, windowMs } from './plan-dispatch.ts'

const NOW = new Date('2026-11-28T10:00:00Z')
const before = (ms: number) => new Date(NOW.getTime() - ms)
const after = (ms: number) => new Date(NOW.getTime() + ms)

const group = (set: Partial<PendingGroup> = {}): PendingGroup => ({
  formCode: 'FA (3)',
  delivery: 'auto',
  hasAttachment: false,
  packageMax: null,
  offline: false,
  technical: false,
  deadline: null,
  count: 1,
  oldestAt: before(100),
  newestAt: before(100),
  ...set,
})

const allowance = (perHour: number, set: Partial<Allowance> = {}): Allowance => ({
  left: 10,
  freeAt: null,
  spentOfHour: 0,
  perHour,
  ...set,
})

const state = (
  pending: readonly PendingGroup[],
  set: Partial<Omit<DispatchState, 'budget'>> & { budget?: Partial<DispatchState['budget']> } = {},
): DispatchState => ({
  now: NOW,
  openForms: [],
  packagesUnderWay: 0,
  batchInvoicesMax: 10_000,
  today: '2026-11-28',
  dayEndsAt: after(6 * 3_600_000),
  ...set,
  pending,
  budget: {
    invoiceSend: allowance(180),
    onlineSession: allowance(120),
    batchSession: allowance(60),
    ...set.budget,
  },
})

describe('a plan', () => {
  test('packs offline invoices apart, those whose deadline comes first before the others', () => {
    const later = group({
      count: 40,
      offline: true,
      deadline: '2026-12-01',
      oldestAt: before(9_000),
      newestAt: before(9_000),
    })
    const soon = group({
      count: 40,
      offline: true,
      deadline: '2026-11-27',
      hasAttachment: true,
      newestAt: before(9_000),
      oldestAt: before(9_000),
    })
    const online = group({ count: 40, oldestAt: before(8_000), newestAt: before(8_000) })
    const { now } = planDispatch(state([later, online, soon]))
    expect(now.map((step) => step.group)).toEqual([soon, online, later])
  })

  test('sends technical corrections singly, with attachments too', () => {
    const technical = group({
      count: 3,
      offline: true,
      technical: true,
      hasAttachment: true,
      delivery: 'immediate',
    })
    expect(planDispatch(state([technical])).now).toEqual([{ do: 'send', group: technical, count: 3 }])
    expect(travelOf(technical)).toBe('singly')
  })

  test('sends a lone invoice at once', () => {
    const lone = group()
    expect(planDispatch(state([lone]))).toEqual({
      now: [{ do: 'send', group: lone, count: 1 }],
      waitUntil: null,
    })
  })

  test('packs a crowd that came at one moment at once', () => {
    const crowd = group({ count: 412 })
    expect(planDispatch(state([crowd])).now).toEqual([{ do: 'package', group: crowd, count: 412 }])
  })

  test('lets a growing crowd grow until it is quiet, for three seconds at most', () => {
    const growing = group({ count: 50, oldestAt: before(1_500), newestAt: before(10) })
    expect(planDispatch(state([growing]))).toEqual({ now: [], waitUntil: after(990) })
    const quiet = group({ count: 50, oldestAt: before(2_500), newestAt: before(1_000) })
    expect(planDispatch(state([quiet])).now).toHaveLength(1)
    const endless = group({ count: 50, oldestAt: before(3_000), newestAt: NOW })
    expect(planDispatch(state([endless])).now).toHaveLength(1)
  })

  test('cuts what is more than a package takes, and never makes more than three at once', () => {
    const crowd = group({ count: 45_000 })
    const steps = planDispatch(state([crowd])).now
    expect(steps.map(({ count }) => count)).toEqual([10_000, 10_000, 10_000])
    expect(planDispatch(state([crowd], { packagesUnderWay: 3 }))).toEqual({ now: [], waitUntil: null })
  })

  test('halves what KSeF refused as a whole, and sends alone what was refused alone', () => {
    const halved = group({ count: 412, packageMax: 206 })
    expect(planDispatch(state([halved])).now.map(({ count }) => count)).toEqual([206, 206])
    const alone = group({ packageMax: 1, delivery: 'batch' })
    expect(planDispatch(state([alone])).now).toEqual([{ do: 'send', group: alone, count: 1 }])
  })

  test('packs attachments and what its caller wants packed, however few; PEF never', () => {
    for (const one of [group({ hasAttachment: true }), group({ delivery: 'batch' })])
      expect(planDispatch(state([one])).now).toEqual([{ do: 'package', group: one, count: 1 }])
    const pef = group({ formCode: 'PEF (3)', count: 40, delivery: 'batch' })
    expect(planDispatch(state([pef])).now).toEqual([{ do: 'send', group: pef, count: 10 }])
  })

  test('sends immediate ones before everything else, as many as there is budget for, and wakes for the rest', () => {
    const immediate = group({ delivery: 'immediate', count: 30, oldestAt: before(1) })
    const spent = { invoiceSend: allowance(180, { left: 4, freeAt: after(7_000) }) }
    const plan = planDispatch(state([group(), immediate], { budget: spent }))
    expect(plan.now[0]).toEqual({ do: 'send', group: immediate, count: 4 })
    expect(plan.waitUntil).toEqual(after(7_000))
  })

  test('keeps the last tenth of the hour’s single calls for the urgent: a lone one is packed then', () => {
    const thin = { invoiceSend: allowance(180, { spentOfHour: 165 }) }
    expect(planDispatch(state([group()], { budget: thin })).now).toMatchObject([{ do: 'package', count: 1 }])
  })

  test('waits for company as the hour’s packages are spent', () => {
    const thin = {
      invoiceSend: allowance(180, { left: 0, spentOfHour: 180, freeAt: after(600_000) }),
      batchSession: allowance(60, { spentOfHour: 45 }),
    }
    const plan = planDispatch(state([group({ oldestAt: before(20_000), newestAt: NOW })], { budget: thin }))
    expect(plan).toEqual({ now: [], waitUntil: after(240_000 * (2 / 3) ** 2 - 20_000) })
  })

  test('waits for nothing over the end of the day', () => {
    const thin = {
      invoiceSend: allowance(180, { spentOfHour: 180 }),
      batchSession: allowance(60, { spentOfHour: 50 }),
    }
    const late = state([group()], { budget: thin, dayEndsAt: after(60_000) })
    expect(planDispatch(late).now).toHaveLength(1)
  })
})

const arbitraryAllowance = (perHour: number) =>
  fc.record({
    left: fc.nat(30),
    freeAt: fc.option(fc.nat(3_600_000).map(after)),
    spentOfHour: fc.nat(perHour),
    perHour: fc.constant(perHour),
  })

const arbitraryGroup = fc
  .record({
    formCode: fc.constantFrom('FA (3)', 'FA (2)', 'PEF (3)'),
    delivery: fc.constantFrom('auto' as const, 'immediate' as const, 'batch' as const),
    hasAttachment: fc.boolean(),
    packageMax: fc.option(fc.integer({ min: 1, max: 5_000 })),
    count: fc.integer({ min: 1, max: 40_000 }),
    age: fc.nat(600_000),
    spread: fc.nat(600_000),
  })
  .map(({ age, spread, ...rest }) =>
    group({ ...rest, oldestAt: before(age), newestAt: before(Math.max(0, age - spread)) }),
  )

const arbitraryState = fc
  .record({
    pending: fc.array(arbitraryGroup, { maxLength: 6 }),
    openForms: fc.subarray(['FA (3)', 'FA (2)']),
    packagesUnderWay: fc.nat(4),
    batchInvoicesMax: fc.integer({ min: 1, max: 20_000 }),
    invoiceSend: arbitraryAllowance(180),
    onlineSession: arbitraryAllowance(120),
    batchSession: arbitraryAllowance(60),
  })
  .map(({ pending, openForms, packagesUnderWay, batchInvoicesMax, ...budget }) =>
    state(pending, { openForms, packagesUnderWay, batchInvoicesMax, budget }),
  )

describe('whatever the state, a plan', () => {
  test('spends no more than is left, packs no more than fits, and lets nobody travel as he must not', () => {
    fc.assert(
      fc.property(arbitraryState, (given) => {
        const { now } = planDispatch(given)
        const packages = now.filter((step) => step.do === 'package')
        const singles = now.filter((step) => step.do === 'send')
        expect(packages.length).toBeLessThanOrEqual(
          Math.max(0, Math.min(given.budget.batchSession.left, 3 - given.packagesUnderWay)),
        )
        const sent = singles.reduce((sum, { count }) => sum + count, 0)
        expect(sent).toBeLessThanOrEqual(given.budget.invoiceSend.left)
        const fresh = new Set(singles.map(({ group: { formCode } }) => formCode))
        const opens = [...fresh].filter((form) => !given.openForms.includes(form))
        expect(opens.length).toBeLessThanOrEqual(given.budget.onlineSession.left)
        for (const { group: one, count } of packages) {
          expect(travelOf(one)).not.toBe('singly')
          expect(count).toBeLessThanOrEqual(Math.min(given.batchInvoicesMax, one.packageMax ?? 20_000))
        }
        for (const { group: one } of singles) expect(travelOf(one)).not.toBe('batched')
      }),
    )
  })

  test('names no invoice twice', () => {
    fc.assert(
      fc.property(arbitraryState, (given) => {
        const planned = new Map<PendingGroup, number>()
        for (const { group: one, count } of planDispatch(given).now)
          planned.set(one, (planned.get(one) ?? 0) + count)
        for (const [one, count] of planned) expect(count).toBeLessThanOrEqual(one.count)
      }),
    )
  })

  test('forgets nobody: what does not go now is woken for, or waits for a package under way or for KSeF’s own word', () => {
    fc.assert(
      fc.property(arbitraryState, (given) => {
        const { now, waitUntil } = planDispatch(given)
        const planned = now.reduce((sum, { count }) => sum + count, 0)
        const pending = given.pending.reduce((sum, { count }) => sum + count, 0)
        const { invoiceSend, onlineSession, batchSession } = given.budget
        const tellsWhen = [invoiceSend, onlineSession, batchSession].every(
          ({ left, freeAt }) => left > 0 || freeAt !== null,
        )
        const made = now.filter((step) => step.do === 'package').length + given.packagesUnderWay
        if (planned < pending && tellsWhen && made < 3 && now.length === 0) expect(waitUntil).not.toBeNull()
      }),
    )
  })

  test('is the same again', () => {
    fc.assert(
      fc.property(arbitraryState, (given) => {
        expect(planDispatch(given)).toEqual(planDispatch(given))
      }),
    )
  })
})

describe('the window', () => {
  test('is nothing while there is plenty, and grows with what is spent', () => {
    expect(windowMs(allowance(60), 1)).toBe(0)
    const widths = [15, 20, 30, 45, 60].map((spentOfHour) => windowMs(allowance(60, { spentOfHour }), 1))
    expect(widths).toEqual([...widths].sort((one, other) => one - other))
    expect(widths.at(-1)).toBe(240_000)
  })

  test('lasts the hour: whoever packs whenever it is over never meets the end of the budget', () => {
    const made: number[] = []
    for (let ms = 0; ms < 6 * 3_600_000; ) {
      const spentOfHour = made.filter((at) => at > ms - 3_600_000).length
      expect(spentOfHour).toBeLessThan(60)
      made.push(ms)
      ms += Math.max(1_000, windowMs(allowance(60, { spentOfHour: spentOfHour + 1 }), 1))
    }
  })
})
