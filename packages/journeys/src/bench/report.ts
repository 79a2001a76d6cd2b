/**
 * What every benchmark prints as its last line: one JSON object. Figures were measured now; floors are what the same
 * machine needs, in the same run, for the work that nobody can leave out; targets are what the project promises.
 */
export type Report = {
  bench: string
  ok: boolean
  figures: Record<string, number>
  floors: Record<string, number>
  targets: Record<string, number>
}

export const rounded = (value: number): number => Math.round(value * 1000) / 1000

/** Milliseconds of CPU, of all threads of this process, that the work takes. */
export async function cpuMsOf(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
