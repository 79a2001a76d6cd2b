/**
 * Lets callers who ask the same at the same time share an answer, without ever giving one that is older than the question:
 * who comes while a lookup is under way waits for the next, which begins when that one has ended. So a key that was
 * revoked before a request came is never taken for valid, and a crowd of requests costs one lookup after the other
 * instead of one each.
 */
export function shareLookups<Answer>(
  look: (asked: string) => Promise<Answer>,
): (asked: string) => Promise<Answer> {
  const lines = new Map<string, { running: Promise<unknown>; next: Promise<Answer> | null }>()
  const begin = (asked: string): Promise<Answer> => {
    const answer = look(asked)
    const running = answer
      .catch(() => {}) // told to whoever asked
      .then(() => {
        if (line.next === null) lines.delete(asked)
      })
    const line = { running, next: null }
    lines.set(asked, line)
    return answer
  }
  return (asked) => {
    const line = lines.get(asked)
    if (line === undefined) return begin(asked)
    line.next ??= line.running.then(() => begin(asked))
    return line.next
  }
}
