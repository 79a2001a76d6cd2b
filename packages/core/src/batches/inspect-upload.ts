/**
 * The first of the two readings of an upload: every file is examined as if it had been posted alone, and nothing is
 * written. What is kept of a file is its facts, so that memory grows with the number of invoices and not with their size.
 */
import { createHash } from 'node:crypto'
import { type Inspection, type IssuingCompany, sha256Base64, tooLarge } from '@ksef-fleet/ksef'
import type { Strictness } from '@ksef-fleet/ksef/rules'
import type { Company } from '../companies/company.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { type DocumentFacts, factsOfHeader } from '../documents/document-header.ts'
import { type Fault, FILE_ERRORS } from '../errors.ts'
import type { BatchId } from '../identifiers.ts'
import { factsOf, issuerFault, type SubmissionFacts } from '../submissions/new-submission.ts'
import { inGroups, workAhead } from './in-groups.ts'
import { keptOriginals } from './kept-originals.ts'
import { noteRefusal, type RefusedFiles } from './refused-files.ts'
import { documentsOf, isArchive, isData, type Upload, type UploadedFile } from './upload.ts'

export type InspectDependencies = Pick<CoreDependencies, 'db' | 'environment'> & {
  /** `inspectInvoice` or `inspectInvoiceData` of packages/ksef for some documents at once, wherever the caller lets it run. */
  inspectMany: (
    documents: readonly Uint8Array[],
    judgement: UploadJudgement,
  ) => Promise<readonly Inspection[]>
}

/** What is made of JSON, for whom and when: the same at the same time makes the same documents again. */
export type CrowdOfData = { company: IssuingCompany; now: Date }

/** How the documents of an upload are looked at; `data` is null where they are XML. */
export type UploadJudgement = { strictness: Strictness; data: CrowdOfData | null }

/** @property at when invoices that came as JSON are made */
export type UploadToInspect = { company: Company; upload: Upload; strictness: Strictness; at: Date }

/** A file that can be accepted: the how manieth of the upload, what its invoice says, and the originals that it names by number. */
export type SoundFile = {
  position: number
  facts: SubmissionFacts
  header: DocumentFacts
  originals: readonly string[]
}

export type InspectedUpload = {
  sound: SoundFile[]
  refused: RefusedFiles
  /** The same for the same documents, in whatever order or packing they come. */
  fingerprint: string
}

/** Small enough that a single invoice posted meanwhile does not wait noticeably for a thread. */
const GROUP = { itemsMax: 64, bytesMax: 1_000_000 }
const GROUPS_AT_ONCE = 4
const ORIGINALS_BYTES_MAX = 16_000_000

/** @param of.replayOf the batch that the same upload made before: its own invoices are not in the way */
export async function inspectUpload(
  deps: InspectDependencies,
  of: UploadToInspect & { replayOf?: BatchId },
): Promise<InspectedUpload> {
  const result: InspectedUpload = { sound: [], refused: { count: 0, faults: [] }, fingerprint: '' }
  const hashes: string[] = []
  const namesByNumber = new Map<string, string>()
  const kept = keptOriginals(ORIGINALS_BYTES_MAX)
  const groups = inGroups(documentsOf(of.upload), {
    ...GROUP,
    bytesOf: ({ content }) => content?.byteLength ?? 0,
  })
  const work = (group: UploadedFile[]) => examine(deps, of, group)
  let position = 0
  for await (const group of workAhead(groups, { most: GROUPS_AT_ONCE, work })) {
    const faultOfNumber = await findTaken(deps, { ...of, group })
    for (const { name, hash, ...examined } of group) {
      hashes.push(hash)
      const faults = examined.ok
        ? (duplicateIn(namesByNumber, { name, facts: examined.facts }) ?? faultOfNumber(examined.facts))
        : examined.faults
      if (faults !== null) noteRefusal(result.refused, name, faults)
      else if (examined.ok) {
        const { facts, header, originals } = examined
        result.sound.push({ position, facts, header, originals: kept(originals) })
      }
      position += 1
    }
  }
  return { ...result, fingerprint: fingerprintOf(hashes) }
}

/** The fingerprint alone, without a look at what the documents say. */
export async function fingerprintUpload(upload: Upload): Promise<string> {
  const hashes: string[] = []
  for await (const file of documentsOf(upload)) hashes.push(hashOf(file))
  return fingerprintOf(hashes)
}

function fingerprintOf(hashes: readonly string[]): string {
  const digest = createHash('sha256')
  for (const hash of hashes.toSorted()) digest.update(`${hash}\n`)
  return digest.digest('base64')
}

const hashOf = ({ content, size }: UploadedFile): string =>
  content === null ? `${size} bytes` : sha256Base64(content)

type Examined = { name: string; hash: string } & (
  | ({ ok: true } & Omit<SoundFile, 'position'>)
  | { ok: false; faults: readonly Fault[] }
)

/** What each file says of itself. */
async function examine(
  { inspectMany }: InspectDependencies,
  { company, upload, strictness, at }: UploadToInspect,
  group: readonly UploadedFile[],
): Promise<Examined[]> {
  const form = isData(upload) ? 'json' : 'xml'
  const data = form === 'json' ? { company, now: at } : null
  const readable = group.flatMap(({ content }) =>
    content === null || (form === 'xml' && isArchive(content)) ? [] : [content],
  )
  const inspections = new Map<Uint8Array, Inspection>()
  for (const [index, inspection] of (await inspectMany(readable, { strictness, data })).entries()) {
    const content = readable[index]
    if (content !== undefined) inspections.set(content, inspection)
  }
  return group.map((file) => {
    const about = { name: file.name, hash: hashOf(file) }
    if (file.content === null) return { ...about, ok: false, faults: [tooLarge(file.size)] }
    const inspection = inspections.get(file.content)
    if (inspection === undefined) return { ...about, ok: false, faults: [ARCHIVE_WITHIN] }
    if (!inspection.ok) return { ...about, ok: false, faults: inspection.faults }
    const foreign = issuerFault(inspection.facts, { nip: company.nip, form })
    if (foreign !== null) return { ...about, ok: false, faults: [foreign] }
    const { facts } = inspection
    const originals = facts.header.correctedByNumber
    return { ...about, ok: true, facts: factsOf(facts), header: factsOfHeader(facts.header), originals }
  })
}

const ARCHIVE_WITHIN: Fault = {
  code: 'FILE_IS_ARCHIVE',
  message: FILE_ERRORS.FILE_IS_ARCHIVE.means,
  help: FILE_ERRORS.FILE_IS_ARCHIVE.help,
}

const keyOf = ({ sellerNip, kind, number }: Pick<SubmissionFacts, 'sellerNip' | 'kind' | 'number'>): string =>
  `${sellerNip} ${kind} ${number}`

/** null: it is the first of its number, which is noted. */
function duplicateIn(
  namesByNumber: Map<string, string>,
  { name, facts }: { name: string; facts: SubmissionFacts },
): Fault[] | null {
  const other = namesByNumber.get(keyOf(facts))
  if (other === undefined) {
    namesByNumber.set(keyOf(facts), name)
    return null
  }
  const message = `The file ${other} has the same kind ${facts.kind} and number ${facts.number}.`
  return [{ code: 'INVOICE_DUPLICATE_IN_BATCH', message, help: FILE_ERRORS.INVOICE_DUPLICATE_IN_BATCH.help }]
}

/** Which of the numbers are taken by invoices accepted before. */
async function findTaken(
  deps: InspectDependencies,
  of: { company: Company; upload: Upload; group: readonly Examined[]; replayOf?: BatchId },
): Promise<(facts: SubmissionFacts) => Fault[] | null> {
  const numbers = of.group.flatMap((examined) => (examined.ok ? [examined.facts] : []))
  if (numbers.length === 0) return () => null
  const byNumber = await deps.db.withCompany(of.company.id, async (tx) => {
    const taken = new Map<string, Awaited<ReturnType<typeof tx.submissions.findByNumbers>>[number]>()
    // One seller, the company, save for invoices it issues as a buyer.
    for (const [sellerNip, those] of Map.groupBy(numbers, (facts) => facts.sellerNip)) {
      const asked = those.map(({ kind, number }) => ({ kind, number }))
      const found = await tx.submissions.findByNumbers({
        environment: deps.environment,
        sellerNip,
        numbers: asked,
      })
      for (const one of found) taken.set(keyOf({ ...one, sellerNip }), one)
    }
    return taken
  })
  return (facts) => {
    const taken = byNumber.get(keyOf(facts))
    if (taken === undefined) return null
    const isItself =
      of.replayOf !== undefined &&
      taken.batchId === of.replayOf &&
      // What is made of JSON bears the time at which it is made.
      (isData(of.upload) || taken.invoiceHash === facts.invoiceHash)
    if (isItself) return null
    const message = `An invoice of kind ${facts.kind} and number ${facts.number} is already here.`
    return [{ code: 'INVOICE_DUPLICATE', message, existingId: taken.id }]
  }
}
