import { describe, expect, test } from 'vitest'
import { inTurns } from './in-turns.ts'

type Outcomes = readonly PromiseSettledResult<string>[]

/** Turns that end when the test says so. */
function heldTurns(groupMax: number) {
  const begun: { owner: string; group: readonly string[]; end: PromiseWithResolvers<Outcomes> }[] = []
  const ask = inTurns<string, string>((owner, group) => {
    const end = Promise.withResolvers<Outcomes>()
    begun.push({ owner, group, end })
    return end.promise
  }, groupMax)
  const endNext = async (outcomes: Outcomes): Promise<void> => {
    begun.at(-1)?.end.resolve(outcomes)
    await settled()
  }
  return { begun, ask, endNext }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const done = (value: string) => ({ status: 'fulfilled', value }) as const
const refused = (message: string) => ({ status: 'rejected', reason: new Error(message) }) as const

describe('turns', () => {
  test('serve who comes alone at once, and all who come meanwhile together', async () => {
    const { begun, ask, endNext } = heldTurns(10)
    const first = ask('one', 'a')
    const crowd = Promise.all([ask('one', 'b'), ask('one', 'c')])
    expect(begun.map(({ group }) => group)).toEqual([['a']])
    await endNext([done('A')])
    expect(await first).toBe('A')
    expect(begun.map(({ group }) => group)).toEqual([['a'], ['b', 'c']])
    await endNext([done('B'), done('C')])
    expect(await crowd).toEqual(['B', 'C'])
    void ask('one', 'd')
    expect(begun.at(-1)?.group).toEqual(['d'])
  })

  test('keep no owner waiting for another', () => {
    const { begun, ask } = heldTurns(10)
    void ask('one', 'a')
    void ask('two', 'b')
    expect(begun.map(({ owner, group }) => [owner, ...group])).toEqual([
      ['one', 'a'],
      ['two', 'b'],
    ])
  })

  test('take no more than so many at once, in the order in which they came', async () => {
    const { begun, ask, endNext } = heldTurns(2)
    for (const name of ['a', 'b', 'c', 'd']) void ask('one', name)
    await endNext([done('A')])
    await endNext([done('B'), done('C')])
    expect(begun.map(({ group }) => group)).toEqual([['a'], ['b', 'c'], ['d']])
  })

  test('give each its own outcome', async () => {
    const { ask, endNext } = heldTurns(10)
    void ask('one', 'a')
    const crowd = Promise.allSettled([ask('one', 'b'), ask('one', 'c'), ask('one', 'd')])
    await endNext([done('A')])
    await endNext([refused('no b'), done('C')])
    expect(await crowd).toMatchObject([
      { reason: { message: 'no b' } },
      { value: 'C' },
      { reason: { message: 'a turn ended without a word for one of its group' } },
    ])
  })

  test('that fail do so for their group and for nobody after it', async () => {
    const { begun, ask, endNext } = heldTurns(10)
    const first = Promise.allSettled([ask('one', 'a')])
    const next = ask('one', 'b')
    begun[0]?.end.reject(new Error('no connection'))
    await settled()
    expect(await first).toMatchObject([{ reason: { message: 'no connection' } }])
    await endNext([done('B')])
    expect(await next).toBe('B')
  })
})
