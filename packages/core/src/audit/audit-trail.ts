/**
 * The log of traffic: calls of KSeF, reads of secrets, uses of keys. Entries are collected in this process and written in
 * batches, because one transaction for each would cost more than many of the things it tells of. What concerns security
 * (permissions, credentials, keys, companies) never comes here: it is appended in the transaction that does it.
 *
 * An entry waits a second at most. Nothing is dropped in silence: while the database cannot be reached entries stay, and
 * when `WAITING_MAX` of them wait, `room()` lets nobody do anything more that could not be told. Only an entry that the
 * database itself refuses is given up, with an error in the log. A batch whose COMMIT went unanswered is written again:
 * rather an entry twice than not at all.
 */

import { DatabaseFailure } from '../database-failure.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Log } from '../log.ts'
import type { FleetDatabase } from '../stores.ts'
import type { AuditEntry } from './audit-entry.ts'

export const AUDIT_BATCH_MAX = 200
export const AUDIT_DELAY_MS = 500
const WAITING_MAX = 5_000
const AGAIN_MS_MAX = 10_000

export type AuditTrail = {
  /** Takes the entry as of now. @param companyId null for an act of the provider */
  record(entry: AuditEntry, companyId: CompanyId | null): void
  /**
   * To be awaited before the thing an entry will tell of. Resolves at once, unless too many entries wait.
   * @throws DatabaseFailure when they cannot be written
   */
  room(): Promise<void>
  /** Writes what waits. @throws DatabaseFailure when it cannot; then it goes on waiting */
  flush(): Promise<void>
  /** Entries not written yet. */
  waiting(): number
  /** Writes what waits and takes no timer any more. What cannot be written even now is counted in the log. */
  close(): Promise<void>
}

type Waiting = AuditEntry & { companyId: CompanyId | null; at: Date }

type Deps = { db: FleetDatabase; now: () => Date; log: Log; waitingMax?: number }

export function createAuditTrail(deps: Deps): AuditTrail {
  const waiting: Waiting[] = []
  const waitingMax = deps.waitingMax ?? WAITING_MAX
  const write = oneAtATime(async () => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, AUDIT_BATCH_MAX)
      await writeBatch(deps, batch)
      waiting.splice(0, batch.length)
    }
  })
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) await write()
  }
  const bell = createBell(flush, (error, failures) => {
    deps.log.error({ error, failures, waiting: waiting.length }, 'audit.unwritten')
  })
  return {
    record(entry, companyId) {
      waiting.push({ ...entry, companyId, at: deps.now() })
      bell.ring(waiting.length >= AUDIT_BATCH_MAX)
    },
    async room() {
      if (waiting.length >= waitingMax) await write()
    },
    flush,
    waiting: () => waiting.length,
    async close() {
      bell.stop()
      try {
        await flush()
      } catch (error) {
        deps.log.error({ error, waiting: waiting.length }, 'audit.lost')
      }
    },
  }
}

/** One run at a time, so that entries keep their order; whoever comes meanwhile waits for the same run. */
function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

/** Calls `work` soon after it was rung; after failures later and later, however often it is rung meanwhile. */
function createBell(work: () => Promise<void>, failed: (error: unknown, failures: number) => void) {
  let timer: NodeJS.Timeout | undefined
  let dueMs = 0
  let failures = 0
  let stopped = false

  const set = (afterMs: number): void => {
    if (stopped || (timer !== undefined && dueMs <= afterMs)) return
    clearTimeout(timer)
    dueMs = afterMs
    timer = setTimeout(run, afterMs)
    timer.unref()
  }
  const run = (): void => {
    timer = undefined
    work().then(
      () => {
        failures = 0
      },
      (error) => {
        failures++
        failed(error, failures)
        set(Math.min(AUDIT_DELAY_MS * 2 ** failures, AGAIN_MS_MAX))
      },
    )
  }
  return {
    /** @param atOnce there is enough for a batch */
    ring: (atOnce: boolean): void => {
      if (failures > 0) set(Math.min(AUDIT_DELAY_MS * 2 ** failures, AGAIN_MS_MAX))
      else set(atOnce ? 0 : AUDIT_DELAY_MS)
    },
    stop: (): void => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** Writes a batch in one transaction; when the database refuses one of its entries, each in its own. */
async function writeBatch(deps: Deps, batch: readonly Waiting[]): Promise<void> {
  try {
    await deps.db.asSystem('write-audit', (tx) => tx.audit.appendFor(batch))
  } catch (error) {
    if (!isFaultOfEntries(error)) throw error
    if (batch.length > 1) {
      for (const one of batch) await writeBatch(deps, [one])
      return
    }
    const [refused] = batch
    deps.log.error({ error, action: refused?.action, operation: refused?.operation }, 'audit.entry-refused')
  }
}

/** A value or a reference the database will never take; every other failure may pass. SQLSTATE classes 22 and 23. */
const isFaultOfEntries = (error: unknown): boolean =>
  error instanceof DatabaseFailure && /^2[23]/.test(error.sqlState ?? '')
