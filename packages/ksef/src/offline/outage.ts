import type { LighthouseMessage } from '../api/lighthouse.ts'

/** What the Ministry announces: niedostępność, awaria, awaria całkowita. */
export type OutageKind = 'unavailability' | 'failure' | 'totalFailure'

/** A time in which KSeF cannot be used, as announced. */
export type Outage = {
  readonly kind: OutageKind
  /** When it was made known. A failure moves the terms that run at this moment. */
  readonly announced: Date
  readonly start: Date
  /** The first moment after it, also one still to come; null while nobody has named it. */
  readonly end: Date | null
}

const KIND_OF = {
  MAINTENANCE: 'unavailability',
  FAILURE: 'failure',
  TOTAL_FAILURE: 'totalFailure',
} as const satisfies Record<LighthouseMessage['category'], OutageKind>

const byVersion = (a: LighthouseMessage, b: LighthouseMessage): number => a.version - b.version

/** The newest version of each message, with the moment its first one was published. */
function newest(messages: readonly LighthouseMessage[]): LighthouseMessage[] {
  const versions = Map.groupBy(messages, ({ id, eventId, type }) => [id, eventId, type].join('\n'))
  return [...versions.values()].flatMap((group) => {
    const last = group.toSorted(byVersion).at(-1)
    const published = new Date(Math.min(...group.map((message) => message.published.getTime())))
    return last === undefined ? [] : [{ ...last, published }]
  })
}

/**
 * The outages that messages of the lighthouse tell of, by their start. A message of a higher version takes the place of the
 * lower; a failure's end is told by a message of its own, about the same event.
 */
export function outagesOf(messages: readonly LighthouseMessage[]): Outage[] {
  const told = newest(messages)
  const ends = new Map(
    told
      .filter(({ type }) => type === 'FAILURE_END')
      .map(({ eventId, end, published }) => [eventId, end ?? published]),
  )
  return told
    .filter(({ type }) => type !== 'FAILURE_END')
    .map(({ category, eventId, published, start, end }) => ({
      kind: KIND_OF[category],
      announced: published,
      start,
      end: ends.get(eventId) ?? end,
    }))
    .sort((a, b) => a.start.getTime() - b.start.getTime())
}
