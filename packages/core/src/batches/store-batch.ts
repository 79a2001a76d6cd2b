/**
 * The second of the two readings of an upload: what the first found sound is stored, batch, documents, submissions and the
 * wish to send in one transaction. A crash at any line leaves nothing.
 */
import { type OfflineMode, sha256Base64 } from '@ksef-fleet/ksef'
import type { Company } from '../companies/company.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { BatchId, DocumentId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import { type Issue, issuing } from '../offline/issuing.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { CorrectionByNumber } from '../submissions/correction-order.ts'
import { headerOf, newSubmission } from '../submissions/new-submission.ts'
import type { Batch } from './batch.ts'
import { inGroups, workAhead } from './in-groups.ts'
import type { CrowdOfData, SoundFile } from './inspect-upload.ts'
import { documentsOf, isData, type Upload } from './upload.ts'

/** Of one statement, so that none comes near the time it is given. */
const STATEMENT = { itemsMax: 250, bytesMax: 4_000_000 }

/** Of one that looks for originals. */
const LOOK = { itemsMax: 1_000, bytesMax: 100_000 }

/** Made in a thread at once, while what came before is stored. */
const COMPOSITION = { itemsMax: 64, bytesMax: 1_000_000, atOnce: 2 }

export type StoreDependencies = Pick<
  CoreDependencies,
  'db' | 'environment' | 'now' | 'newId' | 'offlineAutomatic'
> & {
  /** `composeFromJson` of packages/ksef for some invoices at once, wherever the caller lets it run. */
  composeMany: (jsons: readonly Uint8Array[], of: CrowdOfData) => Promise<readonly Uint8Array[]>
}

export type NewBatch = {
  company: Company
  upload: Upload
  sound: readonly SoundFile[]
  /** When those that came as JSON were made. */
  at: Date
  /** With what the upload is recognised when it comes again. */
  idempotency: { key: string; fingerprint: string } | null
  /** How its invoices were issued, where that was offline. */
  offlineMode: OfflineMode | undefined
  traceparent: string | undefined
}

/** Somebody else's invoice or batch came between the two readings: the first is to be made again. */
class Overtaken extends Error {}

/**
 * @returns null when it was overtaken, and then nothing was stored
 * @throws FleetError INTEGRATION_MISSING, IDEMPOTENCY_IN_PROGRESS, OVERLOADED
 */
export async function storeBatch(deps: StoreDependencies, made: NewBatch): Promise<Batch | null> {
  const companyId = made.company.id
  const batch: Batch = {
    id: BatchId.parse(deps.newId()),
    companyId,
    environment: deps.environment,
    source: made.upload.source,
    invoiceCount: made.sound.length,
    createdAt: deps.now(),
  }
  try {
    await deps.db.withCompany(companyId, async (tx) => {
      await enter(deps, tx, made)
      await tx.batches.insert(batch)
      const asked = { environment: deps.environment, idempotencyKeys: [], waitingMs: null }
      const ground = await tx.acceptance.look(asked)
      const issue = await issuing(deps, tx, { ground, wanted: made.offlineMode })
      const statements = inGroups(soundFiles(deps, made), {
        ...STATEMENT,
        bytesOf: ({ content }) => content.byteLength,
      })
      const corrections: CorrectionByNumber[] = []
      for await (const files of statements)
        corrections.push(...(await storeFiles(deps, tx, { files, batch, made, issue })))
      // Originals may stand anywhere in the batch, so all are there before it is asked which correction waits for which.
      for await (const some of inGroups(corrections, { ...LOOK, bytesOf: bytesOfNumbers }))
        await tx.submissions.awaitOriginals(some)
      if (made.idempotency !== null) await tx.idempotency.insert({ ...made.idempotency, batchId: batch.id })
      await tx.outbox.add(ringOf(sendPending, { companyId }))
    })
    return batch
  } catch (error) {
    if (error instanceof Overtaken) return null
    throw error
  }
}

async function enter(
  deps: Pick<CoreDependencies, 'environment'>,
  tx: CompanyTransaction,
  { idempotency }: NewBatch,
): Promise<void> {
  if (idempotency !== null) {
    if (!(await tx.idempotency.lock(idempotency.key))) throw new FleetError('IDEMPOTENCY_IN_PROGRESS')
    if ((await tx.idempotency.get(idempotency.key)) !== null) throw new Overtaken()
  }
  if (!(await tx.batches.takeTurn())) throw new FleetError('OVERLOADED')
  if ((await tx.integrations.current(deps.environment)) === null) throw new FleetError('INTEGRATION_MISSING')
}

type StoredFile = SoundFile & { content: Uint8Array }

/** The sound files as they are sent. What was examined is what is stored: the two readings are of one file on disk. */
async function* soundFiles(deps: StoreDependencies, made: NewBatch): AsyncGenerator<StoredFile> {
  const read = readAgain(made)
  for await (const file of isData(made.upload) ? composed(deps, made, read) : read) {
    if (sha256Base64(file.content) !== file.facts.invoiceHash)
      throw new Error('an upload reads differently the second time')
    yield file
  }
}

async function* readAgain({ upload, sound }: NewBatch): AsyncGenerator<StoredFile> {
  let position = 0
  let next = 0
  for await (const { content } of documentsOf(upload)) {
    const file = sound[next]
    if (file?.position === position) {
      if (content === null) throw new Error('an upload reads differently the second time')
      yield { ...file, content }
      next += 1
    }
    position += 1
  }
  if (next !== sound.length) throw new Error('an upload reads shorter the second time')
}

const bytesOfNumbers = ({ numbers }: CorrectionByNumber): number =>
  numbers.reduce((sum, { length }) => sum + length, 0)

/** The documents that the data makes. They are not kept from the first reading: that many have no place in memory. */
async function* composed(
  { composeMany }: StoreDependencies,
  { company, at }: NewBatch,
  read: AsyncIterable<StoredFile>,
): AsyncGenerator<StoredFile> {
  const groups = inGroups(read, { ...COMPOSITION, bytesOf: ({ content }) => content.byteLength })
  const work = async (group: StoredFile[]): Promise<StoredFile[]> => {
    const xmls = await composeMany(
      group.map(({ content }) => content),
      { company, now: at },
    )
    return group.map((file, index) => ({ ...file, content: xmls[index] ?? new Uint8Array() }))
  }
  for await (const group of workAhead(groups, { most: COMPOSITION.atOnce, work })) yield* group
}

type Storing = { files: readonly StoredFile[]; batch: Batch; made: NewBatch; issue: Issue }

/** @returns the corrections among them that name originals by number */
async function storeFiles(
  deps: Pick<CoreDependencies, 'environment' | 'newId'>,
  tx: CompanyTransaction,
  { files, batch, made, issue }: Storing,
): Promise<CorrectionByNumber[]> {
  const submissions = files.map(({ facts }) =>
    newSubmission(deps, {
      companyId: made.company.id,
      documentId: DocumentId.parse(deps.newId()),
      facts,
      delivery: 'batch',
      issued: issue(facts),
      batchId: batch.id,
      traceparent: made.traceparent,
      at: batch.createdAt,
    }),
  )
  await tx.documents.insertAll(
    submissions.map(({ documentId, invoiceHash }, index) => ({
      id: documentId,
      environment: deps.environment,
      direction: 'outgoing',
      kind: 'invoice',
      hash: invoiceHash,
      content: files[index]?.content ?? new Uint8Array(),
    })),
  )
  await tx.documents.register(
    files.flatMap(({ header }, index) => {
      const submission = submissions[index]
      return submission === undefined
        ? []
        : [headerOf(submission, { facts: header, companyNip: made.company.nip })]
    }),
  )
  const inserted = await tx.submissions.insertAll(submissions)
  if (inserted < submissions.length) throw new Overtaken()
  return submissions.flatMap(({ id }, index) => {
    const numbers = files[index]?.originals ?? []
    return numbers.length === 0 ? [] : [{ submissionId: id, numbers }]
  })
}
