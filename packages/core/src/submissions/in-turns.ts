/**
 * Lets a crowd that wants the same done for one owner share the doing. Who comes alone is served at once; who comes meanwhile
 * waits for the turn's end and is served in the next one, together with all others who came. So nobody waits for company, and
 * the larger the crowd, the less each costs.
 */

/** Serves a group in one go: an outcome for each, in its order. */
export type Serve<Asked, Answer> = (
  owner: string,
  group: readonly Asked[],
) => Promise<readonly PromiseSettledResult<Answer>[]>

/** @param groupMax more than so many are served in several turns */
export function inTurns<Asked, Answer>(
  serve: Serve<Asked, Answer>,
  groupMax: number,
): (owner: string, asked: Asked) => Promise<Answer> {
  type Place = PromiseWithResolvers<Answer> & { asked: Asked }
  /** Who waits, of each owner that is being served. */
  const lines = new Map<string, Place[]>()

  const take = async (owner: string, group: readonly Place[]): Promise<void> => {
    try {
      const outcomes = await serve(
        owner,
        group.map(({ asked }) => asked),
      )
      for (const [index, place] of group.entries()) settle(place, outcomes[index])
    } catch (error) {
      for (const place of group) place.reject(error)
    }
  }
  const empty = async (owner: string, line: Place[]): Promise<void> => {
    while (line.length > 0) await take(owner, line.splice(0, groupMax))
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

function settle<Answer>(
  place: PromiseWithResolvers<Answer>,
  outcome: PromiseSettledResult<Answer> | undefined,
): void {
  if (outcome?.status === 'fulfilled') place.resolve(outcome.value)
  else place.reject(outcome?.reason ?? new Error('a turn ended without a word for one of its group'))
}
