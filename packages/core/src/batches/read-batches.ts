import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { BatchId, type CompanyId } from '../identifiers.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import { SUBMISSION_STATES, type Submission, type SubmissionState } from '../submissions/submission.ts'
import type { Batch } from './batch.ts'

/** States in which KSeF's verdict is known. A held invoice waits for a person, and so is not settled. */
const SETTLED: readonly SubmissionState[] = ['registered', 'receipted', 'rejected']

const TROUBLED_MAX = 20

export type BatchProgress = {
  batch: Batch
  states: Record<SubmissionState, number>
  /** Invoices whose verdict is known. */
  settled: number
  /** The latest of those rejected or held. */
  troubled: Submission[]
}

type Deps = Pick<CoreDependencies, 'db'>

/** @throws FleetError NOT_FOUND */
export const readBatch = (
  deps: Deps,
  { companyId, batchId }: { companyId: CompanyId; batchId: BatchId },
): Promise<BatchProgress> =>
  deps.db.withCompany(companyId, async (tx) => {
    const batch = await tx.batches.get(batchId)
    if (batch === null) throw new FleetError('NOT_FOUND')
    const counted = await tx.batches.countByState(batchId)
    const states = countsOf(counted)
    const settled = SETTLED.reduce((sum, state) => sum + states[state], 0)
    return { batch, states, settled, troubled: await tx.batches.troubled(batchId, TROUBLED_MAX) }
  })

const countsOf = (counted: Partial<Record<SubmissionState, number>>): Record<SubmissionState, number> =>
  Object.fromEntries(SUBMISSION_STATES.map((state) => [state, counted[state] ?? 0])) as Record<
    SubmissionState,
    number
  >

/**
 * One page, newest first.
 *
 * @param page.limit 1 to 200.
 * @throws FleetError NOT_FOUND when the company does not exist, CURSOR_INVALID
 */
export async function listBatches(
  deps: Deps & { cursorKey: Uint8Array },
  page: { companyId: CompanyId; limit: number; cursor?: string },
): Promise<{ batches: Batch[]; nextCursor: string | null }> {
  const owner = ['batches', page.companyId]
  const before =
    page.cursor === undefined ? undefined : positionOf(readCursor(deps.cursorKey, owner, page.cursor))
  const found = await deps.db.withCompany(page.companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return tx.batches.list({ limit: page.limit + 1, ...(before === undefined ? {} : { before }) })
  })
  const batches = found.slice(0, page.limit)
  const last = batches.at(-1)
  if (found.length <= page.limit || last === undefined) return { batches, nextCursor: null }
  const position = { createdAt: last.createdAt.toISOString(), id: last.id }
  return { batches, nextCursor: writeCursor(deps.cursorKey, owner, position) }
}

function positionOf(position: Record<string, string> | null): { createdAt: Date; id: BatchId } {
  if (position?.createdAt === undefined || position.id === undefined) throw new FleetError('CURSOR_INVALID')
  return { createdAt: new Date(position.createdAt), id: BatchId.parse(position.id) }
}
