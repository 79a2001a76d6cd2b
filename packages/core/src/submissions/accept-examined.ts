/**
 * Accepts invoices that have been examined. Those of one company that come at the same time share a transaction, which costs
 * little more than one of them would: what is asked is asked once for all, what is stored goes in one statement. Each has an
 * outcome of its own: whoever is refused is left out, and when the database refuses what is stored together, each is stored
 * by itself.
 */
import type { InspectedInvoice } from '@ksef-fleet/ksef'
import { DatabaseFailure, isConflict } from '../database-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { CompanyId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import type { CompanyTransaction } from '../stores.ts'
import { inTurns } from './in-turns.ts'
import {
  type Acceptance,
  type Examination,
  type Examined,
  fingerprintOf,
  type JudgeDependencies,
  type Judged,
  judging,
  replay,
} from './judge-examined.ts'

/** Accepts an examined invoice, or says why not. @throws FleetError as `acceptInvoice` */
export type Accept = (examination: Examination) => Promise<Acceptance>

type Deps = JudgeDependencies & Pick<CoreDependencies, 'db'>

/** Of one transaction. */
const TOGETHER_MAX = 50
const TOGETHER_BYTES_MAX = 65_536

/** One for a process: who shares it shares transactions. */
export function accepting(deps: Deps): Accept {
  const inTurn = inTurns(
    (companyId, group: readonly Examination[]) => acceptGroup(deps, CompanyId.parse(companyId), group),
    TOGETHER_MAX,
  )
  return (examination) =>
    mayShare(examination)
      ? inTurn(examination.request.companyId, examination)
      : acceptAlone(deps, examination)
}

/** A large one takes its time, and one that goes after others waits for their rows. */
const mayShare = ({ examined: { content, inspection } }: Examination): boolean =>
  content.byteLength <= TOGETHER_BYTES_MAX &&
  (!inspection.ok || inspection.facts.header.correctedByNumber.length === 0)

type Outcome = PromiseSettledResult<Acceptance>

async function acceptGroup(
  deps: Deps,
  companyId: CompanyId,
  group: readonly Examination[],
): Promise<readonly Outcome[]> {
  if (group.length > 1) {
    try {
      return await deps.db.withCompany(companyId, (tx) => acceptAll(deps, tx, { companyId, group }))
    } catch (error) {
      if (isOfDatabaseItself(error)) throw error
    }
  }
  return Promise.allSettled(group.map((examination) => acceptAlone(deps, examination)))
}

/** Of whatever it was asked, it could do nothing; or nobody knows what it did. */
const isOfDatabaseItself = (error: unknown): boolean =>
  error instanceof DatabaseFailure && (error.kind === 'unavailable' || error.outcome === 'unknown')

async function acceptAlone(deps: Deps, examination: Examination): Promise<Acceptance> {
  const { request, examined } = examination
  const { companyId } = request
  try {
    return await deps.db.withCompany(companyId, async (tx) => {
      const [outcome] = await acceptAll(deps, tx, { companyId, group: [examination] })
      if (outcome?.status !== 'fulfilled') throw outcome?.reason
      return await inOrder(tx, outcome.value, examined)
    })
  } catch (error) {
    if (!isConflict(error) || !examined.inspection.ok) throw error
    return await resolveConflict(deps, examination, examined.inspection.facts)
  }
}

/** @returns an outcome for each. Whatever goes wrong besides a refusal is thrown, and then nothing may be committed */
async function acceptAll(
  deps: Deps,
  tx: CompanyTransaction,
  { companyId, group }: { companyId: CompanyId; group: readonly Examination[] },
): Promise<readonly Outcome[]> {
  const idempotencyKeys = [...new Set(group.flatMap(({ request }) => request.idempotencyKey ?? []))]
  const ground = await tx.acceptance.look({ environment: deps.environment, idempotencyKeys })
  const judge = judging(deps, tx, ground)
  const judged: PromiseSettledResult<Judged>[] = []
  for (const examination of group) judged.push(await refusable(judge(examination)))
  const accepted = judged.flatMap((one) => (one.status === 'fulfilled' ? (one.value.accepted ?? []) : []))
  if (accepted.length > 0) await tx.acceptance.store(accepted, ringOf(sendPending, { companyId }))
  return judged
}

/** A refusal is the outcome of the one that it is about. */
const refusable = <T>(work: Promise<T>): Promise<PromiseSettledResult<T>> =>
  work.then(
    (value) => ({ status: 'fulfilled', value }),
    (reason: unknown) => {
      if (!(reason instanceof FleetError)) throw reason
      return { status: 'rejected', reason }
    },
  )

/** A correction goes after its originals, where they are the fleet's and have no number yet. */
async function inOrder(
  tx: CompanyTransaction,
  { submission, replayed }: Acceptance,
  { inspection }: Examined,
): Promise<Acceptance> {
  const numbers = inspection.ok ? inspection.facts.header.correctedByNumber : []
  if (replayed || numbers.length === 0) return { submission, replayed }
  const waiting = await tx.submissions.awaitOriginals([{ submissionId: submission.id, numbers }])
  const ordered = waiting > 0 ? await tx.submissions.get(submission.id) : null
  return { submission: ordered ?? submission, replayed }
}

/** Which conflict it was: a twin request with the same Idempotency-Key came first, or the number is taken. */
async function resolveConflict(
  deps: Deps,
  { request, examined }: Examination,
  facts: InspectedInvoice,
): Promise<Acceptance> {
  const { environment } = deps
  const { companyId, idempotencyKey } = request
  return deps.db.withCompany(companyId, async (tx) => {
    const earlier = idempotencyKey === undefined ? null : await tx.acceptance.earlier(idempotencyKey)
    if (earlier !== null) return replay(tx, earlier, fingerprintOf({ request, examined }, facts))
    const { sellerNip, kind, number } = facts
    const existing = await tx.submissions.findByNumber({ environment, sellerNip, kind, number })
    if (existing === null) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
    throw new FleetError('INVOICE_DUPLICATE', { existingId: existing.id })
  })
}
