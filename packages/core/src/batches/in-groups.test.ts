import { describe, expect, test } from 'vitest'
import { inGroups, workAhead } from './in-groups.ts'

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield item
}
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('a group', () => {
  const groupsOf = (sizes: readonly number[]) =>
    all(inGroups(each(sizes), { itemsMax: 3, bytesMax: 10, bytesOf: (size) => size }))

  test('ends at its number of items or before its bytes would be too many', async () => {
    expect(await groupsOf([1, 1, 1, 1, 9, 1, 2])).toEqual([
      [1, 1, 1],
      [1, 9],
      [1, 2],
    ])
  })

  test('may be one item that is larger than a group', async () => {
    expect(await groupsOf([20, 1, 20])).toEqual([[20], [1], [20]])
  })

  test('is never empty', async () => {
    expect(await groupsOf([])).toEqual([])
  })
})

describe('working ahead', () => {
  test('answers in order, with no more than so many under way', async () => {
    let underWay = 0
    let most = 0
    const work = async (item: number) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5))
      underWay -= 1
      return item * 10
    }
    const items = Array.from({ length: 20 }, (_, index) => index)
    expect(await all(workAhead(each(items), { most: 3, work }))).toEqual(items.map((item) => item * 10))
    expect(most).toBe(3)
  })

  test('ends with the first failure, and those behind it are nobody’s', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    const work = (item: number) => Promise.reject(new Error(`no ${item}`))
    await expect(all(workAhead(each([1, 2, 3]), { most: 2, work }))).rejects.toThrow('no 1')
    await new Promise((resolve) => setTimeout(resolve, 10))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
