import { describe, expect, test } from 'vitest'
import { shareLookups } from './share-lookups.ts'

/** Lookups that end when the test says so. */
function heldLookups() {
  const begun: { asked: string; answer: PromiseWithResolvers<string> }[] = []
  const look = shareLookups((asked) => {
    const answer = Promise.withResolvers<string>()
    begun.push({ asked, answer })
    return answer.promise
  })
  return { begun, look }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('shared lookups', () => {
  test('give nobody an answer that was begun before the question', async () => {
    const { begun, look } = heldLookups()
    const first = look('key')
    const crowd = Promise.all([look('key'), look('key'), look('key')])
    expect(begun).toHaveLength(1)
    begun[0]?.answer.resolve('valid')
    expect(await first).toBe('valid')
    await settled()
    expect(begun).toHaveLength(2)
    const late = look('key')
    begun[1]?.answer.resolve('revoked')
    expect(await crowd).toEqual(['revoked', 'revoked', 'revoked'])
    await settled()
    begun[2]?.answer.resolve('gone')
    expect(await late).toBe('gone')
    expect(begun).toHaveLength(3)
  })

  test('fail for those who waited for that lookup, and for nobody after them', async () => {
    const { begun, look } = heldLookups()
    const failing = look('key')
    const next = look('key')
    begun[0]?.answer.reject(new Error('no connection'))
    await expect(failing).rejects.toThrow('no connection')
    await settled()
    begun[1]?.answer.resolve('valid')
    expect(await next).toBe('valid')
  })

  test('of different questions do not wait for one another, and an idle line is forgotten', async () => {
    const { begun, look } = heldLookups()
    const [one, other] = [look('one'), look('other')]
    expect(begun.map(({ asked }) => asked)).toEqual(['one', 'other'])
    begun[1]?.answer.resolve('b')
    expect(await other).toBe('b')
    begun[0]?.answer.resolve('a')
    expect(await one).toBe('a')
    await settled()
    void look('one')
    expect(begun).toHaveLength(3)
  })
})
