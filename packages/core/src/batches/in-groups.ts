export type GroupBounds = { itemsMax: number; bytesMax: number }

/** Puts what comes one by one into groups, so that neither their number nor their bytes grow without a bound. */
export async function* inGroups<T>(
  items: AsyncIterable<T> | Iterable<T>,
  bounds: GroupBounds & { bytesOf: (item: T) => number },
): AsyncGenerator<T[]> {
  let group: T[] = []
  let bytes = 0
  for await (const item of items) {
    const size = bounds.bytesOf(item)
    if (group.length === bounds.itemsMax || (group.length > 0 && bytes + size > bounds.bytesMax)) {
      yield group
      group = []
      bytes = 0
    }
    group.push(item)
    bytes += size
  }
  if (group.length > 0) yield group
}

/** Works on `most` items at once and answers in their order. */
export async function* workAhead<T, R>(
  items: AsyncIterable<T>,
  { most, work }: { most: number; work: (item: T) => Promise<R> },
): AsyncGenerator<R> {
  const underWay: Promise<R>[] = []
  for await (const item of items) {
    const result = work(item)
    // It is awaited below; until then, and when the loop is left, its failure is nobody's.
    result.catch(() => undefined)
    underWay.push(result)
    if (underWay.length < most) continue
    const [first] = underWay.splice(0, 1)
    if (first !== undefined) yield await first
  }
  for (const result of underWay) yield await result
}
