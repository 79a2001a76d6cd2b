/** When somebody has to be told that a deadline comes near, or has passed. */

/** In the order in which they are reached. `early`, `near` and `last` warn; `late` says that the deadline has passed. */
export const ALARM_STAGES = ['early', 'near', 'last', 'late'] as const
export type AlarmStage = (typeof ALARM_STAGES)[number]

/** `since`: when the term began to run, the issue or the end of the outage. `at`: the deadline, exclusive. */
export type Term = { readonly since: Date; readonly at: Date }

export type Alarm = { readonly stage: AlarmStage; readonly at: Date }

const HOUR_MS = 3600 * 1000

/** How long before the deadline, at most so much, and at most such a part of the term. */
const BEFORE = [
  { stage: 'early', hours: 24, part: 1 / 2 },
  { stage: 'near', hours: 4, part: 1 / 8 },
  { stage: 'last', hours: 1, part: 1 / 24 },
  { stage: 'late', hours: 0, part: 0 },
] as const satisfies readonly { stage: AlarmStage; hours: number; part: number }[]

/**
 * The alarms of a term, each once, earliest first. `early` is 24 hours before the deadline, `near` 4 hours and `last` one
 * hour; in a term shorter than two days they stand at a half, an eighth and a twenty-fourth of it, where that is less. In
 * one that was over before it began all are at the deadline.
 */
export function alarmsOf({ since, at }: Term): readonly Alarm[] {
  const length = Math.max(0, at.getTime() - since.getTime())
  return BEFORE.map(({ stage, hours, part }) => ({
    stage,
    at: new Date(at.getTime() - Math.floor(Math.min(hours * HOUR_MS, part * length))),
  }))
}

/** The stage reached, null before the first, and the alarm that comes next, null after `late`. */
export function alarmStateAt(
  term: Term,
  now: Date,
): { readonly stage: AlarmStage | null; readonly next: Alarm | null } {
  const alarms = alarmsOf(term)
  return {
    stage: alarms.findLast((alarm) => alarm.at <= now)?.stage ?? null,
    next: alarms.find((alarm) => alarm.at > now) ?? null,
  }
}
