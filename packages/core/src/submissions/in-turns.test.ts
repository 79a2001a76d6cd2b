import { describe, expect, test } from 'vitest'
import { inTurns } from './in-turns.ts'

/** Turns whose answers come when the test says so. */
function heldTurns(groupMax: number, patienceMs = 60_000) {
  const begun: { owner: string; group: readonly string[] }[] = []
  const answers = new Map<string, PromiseWithResolvers<string>>()
  const ask = inTurns<string, string>(
    (owner, group) => {
      begun.push({ owner, group })
      return group.map((asked) => {
        const answer = Promise.withResolvers<string>()
        answers.set(asked, answer)
        return answer.promise
      })
    },
    { groupMax, patienceMs },
  )
  /** What is asked in lower case is answered in upper case. */
  const answer = async (...asked: string[]): Promise<void> => {
    for (const name of asked) answers.get(name)?.resolve(name.toUpperCase())
    await new Promise((resolve) => setImmediate(resolve))
  }
  const refuse = (asked: string): void => answers.get(asked)?.reject(new Error(`no ${asked}`))
  return { begun, ask, answer, refuse }
}

describe('turns', () => {
  test('serve who comes alone at once, and all who come meanwhile together', async () => {
    const { begun, ask, answer } = heldTurns(10)
    const first = ask('one', 'a')
    const crowd = Promise.all([ask('one', 'b'), ask('one', 'c')])
    expect(begun.map(({ group }) => group)).toEqual([['a']])
    await answer('a')
    expect(await first).toBe('A')
    expect(begun.map(({ group }) => group)).toEqual([['a'], ['b', 'c']])
    await answer('b', 'c')
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
    const { begun, ask, answer } = heldTurns(2)
    for (const name of ['a', 'b', 'c', 'd']) void ask('one', name)
    await answer('a')
    await answer('b', 'c')
    expect(begun.map(({ group }) => group)).toEqual([['a'], ['b', 'c'], ['d']])
  })

  test('give each its own answer as soon as it is there', async () => {
    const { begun, ask, answer, refuse } = heldTurns(10)
    void ask('one', 'a')
    const [b, c, d] = [ask('one', 'b'), ask('one', 'c'), ask('one', 'd')]
    void ask('one', 'e')
    await answer('a')
    await answer('c')
    expect(await c).toBe('C')
    refuse('b')
    await expect(b).rejects.toThrow('no b')
    await answer('e')
    expect(begun).toHaveLength(2)
    await answer('d')
    expect(await d).toBe('D')
  })

  test('that last keep nobody waiting, and are answered all the same', async () => {
    const { begun, ask, answer } = heldTurns(10, 5)
    const first = ask('one', 'a')
    const second = ask('one', 'b')
    await expect.poll(() => begun.length).toBe(2)
    await answer('b')
    expect(await second).toBe('B')
    await answer('a')
    expect(await first).toBe('A')
  })

  test('that cannot begin or forget somebody fail for whom they concern, and for nobody after', async () => {
    const told = [['A'], new Error('no turn'), ['C']]
    const ask = inTurns<string, string>(
      () => {
        const next = told.shift()
        if (next instanceof Error) throw next
        return (next ?? []).map((answer) => Promise.resolve(answer))
      },
      { groupMax: 2, patienceMs: 60_000 },
    )
    const asked = ['a', 'b', 'b', 'c', 'd'].map((name) => ask('one', name))
    expect(await Promise.allSettled(asked)).toMatchObject([
      { value: 'A' },
      { reason: { message: 'no turn' } },
      { reason: { message: 'no turn' } },
      { value: 'C' },
      { reason: { message: 'a turn had no answer for one of its group' } },
    ])
  })
})
