import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ArchivedFile, BrokenArchive, CrowdedArchive } from '../archive/archived-file.ts'
import { readArchive } from '../archive/compression.ts'
import { later } from '../clock.ts'
import { delayOf } from '../processing-delays.ts'
import { brokenFile, conclude, type Examined, examine, storedAfter } from '../reception.ts'
import type { SendingSession } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { assemble } from './assembly.ts'
import { type Batch, type BatchOutcome, batchOutcome, UNFOLDED_BYTES_MAX } from './batch.ts'

export type BatchSession = SendingSession & { batch: Batch; closedAt: Date }

type Candidate = { archived: ArchivedFile; examined: Examined }

/** How long the event loop may be kept from other requests. */
const TURN_MS = 10
/** Concluding is quick; this many fit into one turn. */
const CONCLUDED_PER_TURN = 100

/** When statuses settle: never before the processing time is over, nor before they are known. */
function settlingMoment(world: World, session: BatchSession): Date {
  const earliest = later(session.closedAt, delayOf(world.settings, 'invoice'))
  return new Date(Math.max(world.clock.now().getTime(), earliest.getTime()))
}

function examineFile(world: World, session: BatchSession, archived: ArchivedFile): Candidate {
  const { bytes, ...rest } = archived
  if (bytes === undefined)
    return { archived: rest, examined: { verdict: brokenFile('Plik przekracza dozwolony rozmiar.') } }
  const { offlineMode } = session.batch
  const file = { xml: bytes, invoiceHash: archived.hash, offlineMode, fileName: archived.name }
  const examined = examine(world, session, { file, acceptedAt: session.closedAt })
  // What is refused need not be kept.
  return { archived: examined.verdict === undefined ? archived : rest, examined }
}

type Work = { world: World; session: BatchSession; signal: AbortSignal }

async function examineAll({ world, session, signal }: Work, path: string): Promise<Candidate[]> {
  const { maxInvoices, maxInvoiceWithAttachmentSizeInMB } = world.allowances.ofContext(
    session.context,
  ).batchSession
  const fileBytes = maxInvoiceWithAttachmentSizeInMB * 1_000_000
  const bounds = { files: maxInvoices, fileBytes, totalBytes: UNFOLDED_BYTES_MAX }
  const candidates: Candidate[] = []
  let turnBegan = performance.now()
  for await (const archived of readArchive(path, session.batch.compressionType, bounds)) {
    signal.throwIfAborted()
    candidates.push(examineFile(world, session, archived))
    if (performance.now() - turnBegan > TURN_MS) {
      await nextTurn()
      turnBegan = performance.now()
    }
  }
  return candidates
}

/** The file's name as answers may carry it (schema SessionInvoiceStatusResponse). */
const FILE_NAME_MAX = 128

async function concludeAll({ world, session, signal }: Work, candidates: Candidate[]): Promise<number> {
  let accepted = 0
  for (const [index, { archived, examined }] of candidates.entries()) {
    if (index % CONCLUDED_PER_TURN === 0) await nextTurn()
    signal.throwIfAborted()
    const settlesAt = settlingMoment(world, session)
    world.ledger.recordPost(archived.hash)
    const { verdict } = conclude(world, session, {
      file: {
        ...(archived.bytes === undefined ? {} : { xml: archived.bytes }),
        invoiceHash: archived.hash,
        offlineMode: session.batch.offlineMode,
        fileName: archived.name.slice(-FILE_NAME_MAX),
      },
      examined,
      moments: {
        receivedAt: session.dateCreated,
        settlesAt,
        // A batch reaches permanent storage bit by bit: a cut list can be continued by this date.
        permanentStorageDate: later(storedAfter(world, settlesAt), Math.floor(index / 10)),
      },
    })
    if (verdict.code === 200) accepted += 1
  }
  return accepted
}

async function outcomeOf(work: Work): Promise<BatchOutcome> {
  const { world, session } = work
  const settled = () => settlingMoment(world, session)
  const key = session.symmetricKey
  if (key === undefined) return batchOutcome(415, settled())
  const assembled = await assemble(session, { spool: world.spool, key })
  if ('failure' in assembled) return batchOutcome(assembled.failure.code, settled(), assembled.failure.detail)
  try {
    const candidates = await examineAll(work, assembled.path)
    if (candidates.length === 0) return batchOutcome(440, settled(), 'Nie przesłano faktur')
    const refused = world.misbehaviours.strike(
      'package-refused',
      ({ invoiceHash }) =>
        invoiceHash === undefined || candidates.some(({ archived }) => archived.hash === invoiceHash),
    )
    if (refused !== undefined) return batchOutcome(refused.code, settled(), ...(refused.details ?? []))
    const accepted = await concludeAll(work, candidates)
    return batchOutcome(accepted > 0 ? 200 : 445, settled())
  } catch (error) {
    if (error instanceof CrowdedArchive) return batchOutcome(420, settled(), error.message)
    if (error instanceof BrokenArchive) return batchOutcome(430, settled(), error.message)
    throw error
  }
}

/**
 * Processes a closed batch from its uploaded parts to its outcome; whatever goes wrong inside becomes status 500.
 * Only the end of the simulator leaves a batch without an outcome.
 */
export async function processBatch(work: Work): Promise<void> {
  const { world, session, signal } = work
  try {
    session.batch.outcome = await outcomeOf(work)
  } catch (error) {
    if (signal.aborted) return
    const detail = error instanceof Error ? error.message : String(error)
    session.batch.outcome = batchOutcome(500, settlingMoment(world, session), detail)
  }
  for (const { spoolName } of session.batch.uploads.values()) await world.spool.discard(spoolName)
  await world.spool.discard(`${session.referenceNumber}-package`)
}

/** Batches that were being processed when an earlier run ended will not be: their packages are gone. */
export function endInterrupted(sessions: Iterable<SendingSession>, now: Date): void {
  for (const { batch, closedAt } of sessions) {
    if (batch !== undefined && closedAt !== undefined)
      batch.outcome ??= batchOutcome(500, now, 'Przetwarzanie przerwał koniec pracy symulatora.')
  }
}
