/** One life after the other: whoever begins has loaded its code while the one before it lived. */
import type { Delivery } from '@ksef-fleet/core'
import { expect } from 'vitest'
import { died, type MortalFleet, NOTHING_BROKEN } from './mortal-fleet.ts'

/** Each named effect twice: the worker dies before it, and after it. */
export const aroundEach = (effects: readonly string[]): string[] =>
  effects.flatMap((effect) => [`${effect} before`, `${effect} after`])

/** Companies take turns; by the time of its next one, the leases that a death left on a company are over. */
const COMPANIES = 8

/**
 * One life for each moment, which the invoices of a company bring it to while it also takes up what the lives before it left;
 * then one that dies of nothing brings everything to rest, and the books are compared.
 */
export async function dieAtEach(
  mortal: MortalFleet,
  moments: readonly string[],
  fed: { count: number; delivery: Delivery },
): Promise<void> {
  const companies = await mortal.companies(COMPANIES)
  let next = mortal.worker()
  const begin = (moment: string | null) => {
    const life = next
    next = mortal.worker()
    life.begin(moment)
    return life
  }
  for (const [index, moment] of moments.entries()) {
    const company = companies[index % companies.length]
    if (company === undefined) throw new Error('a life without a company')
    const life = begin(moment)
    await mortal.feed(company, fed.count, fed.delivery)
    await died(life, moment)
  }
  begin(null)
  await mortal.atRest()
  expect(mortal.deaths().map(({ moment }) => moment)).toEqual(moments)
  expect(await mortal.verdict()).toEqual(NOTHING_BROKEN)
  // What a death left in doubt was looked for and found: KSeF took no bytes a second time.
  expect(mortal.taken()).toEqual([1])
}
