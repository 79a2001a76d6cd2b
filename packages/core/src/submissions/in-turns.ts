/**
 * Lets a crowd that wants the same done for one owner share the doing. Who comes alone is served at once; who comes meanwhile
 * waits for the turn's end and is served in the next one, together with all others who came. So nobody waits for company, and
 * the larger the crowd, the less each costs. A turn that lasts keeps nobody waiting: the next one begins beside it.
 */

/** Serves a group in one go: an answer for each, in its order. */
export type Serve<Asked, Answer> = (owner: string, group: readonly Asked[]) => readonly Promise<Answer>[]

/**
 * @param bounds.groupMax more than so many are served in several turns
 * @param bounds.patienceMs how long a turn is waited for
 */
export function inTurns<Asked, Answer>(
  serve: Serve<Asked, Answer>,
  { groupMax, patienceMs }: { groupMax: number; patienceMs: number },
): (owner: string, asked: Asked) => Promise<Answer> {
  type Place = PromiseWithResolvers<Answer> & { asked: Asked }
  /** Who waits, of each owner that is being served. */
  const lines = new Map<string, Place[]>()

  const take = async (owner: string, group: readonly Place[]): Promise<void> => {
    try {
      const answers = serve(
        owner,
        group.map(({ asked }) => asked),
      )
      for (const [index, place] of group.entries()) place.resolve(answers[index] ?? unanswered())
      await Promise.allSettled(answers)
    } catch (error) {
      for (const place of group) place.reject(error)
    }
  }
  const empty = async (owner: string, line: Place[]): Promise<void> => {
    while (line.length > 0) await endOf(take(owner, line.splice(0, groupMax)), patienceMs)
    lines.delete(owner)
  }
  return (owner, asked) => {
    const place = { asked, ...Promise.withResolvers<Answer>() }
    const line = lines.get(owner)
    if (line === undefined) {
      const begun = [place]
      lines.set(owner, begun)
      void empty(owner, begun)
    } else line.push(place)
    return place.promise
  }
}

/** When the work has ended, or when it has been waited for that long. */
async function endOf(work: Promise<void>, withinMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const patience = setTimeout(resolve, withinMs)
  void work.then(resolve)
  await promise
  clearTimeout(patience)
}

const unanswered = () => Promise.reject(new Error('a turn had no answer for one of its group'))
