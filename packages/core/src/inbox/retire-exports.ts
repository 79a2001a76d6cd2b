import type { FleetDatabase } from '../stores.ts'

const DAY_MS = 24 * 3_600_000

/**
 * Drops records of exports that ended long ago; what they brought is proved by windows. The last audit of each sync stays.
 *
 * @param keep.limit at most so many at once
 * @returns how many went
 */
export const retireExports = (
  db: FleetDatabase,
  { days, limit }: { days: number; limit: number },
): Promise<number> =>
  db.asSystem('retire-exports', async (tx) => {
    const present = await tx.present()
    return tx.exports.retire(new Date(present.getTime() - days * DAY_MS), limit)
  })
