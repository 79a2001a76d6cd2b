/**
 * Accepts invoices that have been examined. Those of one company that come at the same time share a transaction, which costs
 * little more than one of them would: what is asked is asked once for all, what is stored goes in one statement. Each has an
 * outcome of its own: whoever is refused is left out, and when the database refuses what is stored together, each is stored
 * by itself.
 */
import type { InspectedInvoice } from '@ksef-fleet/ksef'
import { DatabaseFailure, isConflict, isTakenByOther } from '../database-failure.ts'
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
/** A transaction usually takes a few milliseconds. */
const TURN_MS_MAX = 250
/** How long a crowd waits for what another transaction has taken: for one among them that is waited for, all would fail. */
const TOGETHER_WAITING_MS_MAX = 100
const TOGETHER_BYTES_MAX = 65_536

/** One for a process: who shares it shares transactions. */
export function accepting(deps: Deps): Accept {
  const inTurn = inTurns(
    (companyId, group: readonly Examination[]) => acceptGroup(deps, CompanyId.parse(companyId), group),
    { groupMax: TOGETHER_MAX, patienceMs: TURN_MS_MAX },
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

/** Together where that can be done, else each by itself, which keeps none waiting for another's answer. */
function acceptGroup(
  deps: Deps,
  companyId: CompanyId,
  group: readonly Examination[],
): readonly Promise<Acceptance>[] {
  const together = group.length > 1 ? acceptTogether(deps, companyId, group) : Promise.resolve(null)
  return group.map(async (examination, index) => {
    const outcomes = await together
    return outcomes === null ? acceptAlone(deps, examination) : settled(outcomes[index])
  })
}

type Outcome = PromiseSettledResult<Acceptance>

/** @returns null when the database refused what was stored together, and then nothing was stored */
async function acceptTogether(
  deps: Deps,
  companyId: CompanyId,
  group: readonly Examination[],
): Promise<readonly Outcome[] | null> {
  try {
    return await deps.db.withCompany(companyId, (tx) => acceptAll(deps, tx, { companyId, group }))
  } catch (error) {
    if (isOfDatabaseItself(error)) throw error
    return null
  }
}

function settled(outcome: Outcome | undefined): Acceptance {
  if (outcome?.status !== 'fulfilled') throw outcome?.reason
  return outcome.value
}

/** Of whatever it was asked, it could do nothing; or nobody knows what it did. */
const isOfDatabaseItself = (error: unknown): boolean =>
  error instanceof DatabaseFailure &&
  ((error.kind === 'unavailable' && !isTakenByOther(error)) || error.outcome === 'unknown')

async function acceptAlone(deps: Deps, examination: Examination): Promise<Acceptance> {
  const { request, examined } = examination
  const { companyId } = request
  try {
    return await deps.db.withCompany(companyId, async (tx) => {
      const [outcome] = await acceptAll(deps, tx, { companyId, group: [examination] })
      return await inOrder(tx, settled(outcome), examined)
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
  const waitingMs = group.length > 1 ? TOGETHER_WAITING_MS_MAX : null
  const ground = await tx.acceptance.look({ environment: deps.environment, idempotencyKeys, waitingMs })
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
