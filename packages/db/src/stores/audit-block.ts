/**
 * The arithmetic of the chain. A block's hash covers everything that its row says, so a changed row shows by itself, and
 * the hash of the block before, so a removed one shows in the next.
 */
import { createHash } from 'node:crypto'
import type { AuditSeal } from '@ksef-fleet/core'

/** What stands before the first block of all. */
export const NO_HASH = '0'.repeat(64)

/** SHA-256 over a JSON array, hexadecimal: text whose parts cannot run into each other. */
export function hashOfBlock(block: Omit<AuditSeal, 'hash'>): string {
  const { day, number, end, entries, digest, previousHash, sealedAt } = block
  const parts = [
    day,
    number,
    end.transactionId,
    end.id,
    entries,
    digest,
    previousHash,
    sealedAt.toISOString(),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** What a block is held against: the entries that stand in its stretch of the log now. */
export type Stretch = { entries: number; digest: string | null }

/**
 * Why a block does not hold, or null when it does.
 *
 * @param before the hash it must continue; null when it may be any block of an earlier day, which the caller has looked up.
 * @param found what stands in its stretch; null when the month was dropped and there is nothing left to count.
 */
export function breakOf(block: AuditSeal, before: string | null, found: Stretch | null): string | null {
  if (hashOfBlock(block) !== block.hash) return 'the block was changed'
  if (before !== null && block.previousHash !== before) return 'a block before it was changed or removed'
  if (found === null) return null
  if (found.entries < block.entries) return `${block.entries - found.entries} of its entries are gone`
  if (found.entries > block.entries) return `${found.entries - block.entries} entries were put in afterwards`
  return found.digest === block.digest ? null : 'an entry was changed'
}
