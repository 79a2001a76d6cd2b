/**
 * Runs `inspectInvoice` beside the event loop: a large or hostile document costs a thread some time, never the other
 * requests. Small documents cost less than the way to a thread and back, so they are inspected in place.
 */
import { type CrowdOfData, FleetError, type KsefEnvironment, type UploadJudgement } from '@ksef-fleet/core'
import {
  FORMS,
  INVOICE_EXAMPLES,
  INVOICE_FAULTS,
  INVOICE_RR_EXAMPLES,
  type Inspection,
  type InvoiceDataInspection,
  type IssuingCompany,
} from '@ksef-fleet/ksef'
import { findingOfFault, type InvoiceCheck, type Strictness } from '@ksef-fleet/ksef/rules'
import type { Piscina } from 'piscina'
import {
  type CheckTask,
  type CompositionTask,
  checkTask,
  type DataInspectionTask,
  type Done,
  type InspectionTask,
  inspectDataTask,
  inspected,
  type Task,
} from './inspection-thread.ts'
import { createThreadPool } from './thread-pool.ts'

/** Largest document inspected in place. */
export const IN_PLACE_BYTES_MAX = 16_384

export type InspectionLimits = {
  threads: number
  /** Waiting documents beyond which new ones are turned away. */
  waitingMax: number
  /** Time one document may wait, and then be examined, before it is given up. */
  deadlineMs: number
  /** Time documents of a batch may wait: their caller waits for so many more that this is little. */
  patienceMs: number
}

export type InvoiceInspector = {
  /** A document that takes too long to examine is faulty. @throws FleetError OVERLOADED when too many wait */
  inspect(xml: Uint8Array, strictness?: Strictness): Promise<Inspection>
  /** Every finding about a document, XML or, where a company issues it, JSON; under the same bounds. @throws FleetError OVERLOADED when too many wait */
  check(document: Uint8Array, company: IssuingCompany | null): Promise<InvoiceCheck>
  /** Builds a document from JSON and examines it. @throws FleetError OVERLOADED when too many wait */
  inspectData(
    json: Uint8Array,
    company: IssuingCompany,
    strictness?: Strictness,
  ): Promise<InvoiceDataInspection>
  /** Documents of a batch, always in a thread: so many small ones in place would leave no time for other requests. */
  inspectMany(documents: readonly Uint8Array[], judgement?: UploadJudgement): Promise<readonly Inspection[]>
  /** The XML of invoices as JSON that were found sound at the same time for the same company. */
  composeMany(jsons: readonly Uint8Array[], of: CrowdOfData): Promise<readonly Uint8Array[]>
  /** Compiles the schemas here and in every thread, so that no caller waits for it. */
  warmUp(): Promise<void>
  close(): Promise<void>
}

type Pool = Piscina<Task, Done>

/** Of batches: each has a few tasks waiting. */
const CROWD_TASKS_MAX = 100

export function createInvoiceInspector(
  deps: { environment: KsefEnvironment; now: () => Date },
  limits: InspectionLimits,
): InvoiceInspector {
  const { pool, close } = createThreadPool<Task, Done>({
    filename: new URL('./inspection-thread.ts', import.meta.url).href,
    minThreads: limits.threads,
    maxThreads: limits.threads,
    maxQueue: limits.waitingMax + CROWD_TASKS_MAX,
  })
  const begun = () => ({
    now: deps.now(),
    environment: deps.environment,
    begun: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  })
  const taskOf = (
    documents: readonly Uint8Array[],
    { strictness = 'ksef', data = null }: Partial<UploadJudgement> = {},
  ): InspectionTask => ({ documents, strictness, company: null, ...begun(), ...data })
  const inCrowd = { waitMs: limits.patienceMs, workMs: limits.deadlineMs }
  const alone = { waitMs: limits.deadlineMs, workMs: limits.deadlineMs }
  const makeRoom = () => {
    if (pool.queueSize >= limits.waitingMax) throw new FleetError('OVERLOADED')
  }
  return {
    async inspect(xml, strictness = 'ksef') {
      const task = taskOf([xml], { strictness })
      if (xml.byteLength <= IN_PLACE_BYTES_MAX) return inspected(xml, task)
      makeRoom()
      return oneOf(await inspectionsInThread(pool, task, alone))
    },
    async check(document, company) {
      const task: CheckTask = { checked: document, company, ...begun() }
      if (document.byteLength <= IN_PLACE_BYTES_MAX) return checkTask(task)
      makeRoom()
      const found = await inThread(pool, task, alone)
      return found !== null && 'findings' in found ? found : UNCHECKED
    },
    async inspectData(json, company, strictness = 'ksef') {
      const task: DataInspectionTask = { json, company, strictness, ...begun() }
      if (json.byteLength <= IN_PLACE_BYTES_MAX) return inspectDataTask(task)
      makeRoom()
      const found = await inThread(pool, task, alone)
      return found !== null && 'inspection' in found ? found : NOTHING_BUILT
    },
    async inspectMany(documents, judgement) {
      if (documents.length === 0) return []
      const together = await inspectionsInThread(pool, taskOf(documents, judgement), inCrowd)
      if (together !== null) return together
      // One of them takes too long: alone each has its own time.
      const each: Inspection[] = []
      for (const document of documents)
        each.push(oneOf(await inspectionsInThread(pool, taskOf([document], judgement), inCrowd)))
      return each
    },
    async composeMany(jsons, of) {
      const task: CompositionTask = { composed: jsons, ...begun(), ...of }
      const found = await inThread(pool, task, inCrowd)
      // It was made once before in less time.
      if (found === null || !('xmls' in found)) throw new FleetError('OVERLOADED')
      return found.xmls
    },
    async warmUp() {
      for (const xml of hollowInvoices()) {
        inspected(xml, taskOf([xml]))
        await Promise.all(Array.from({ length: limits.threads }, () => pool.run(taskOf([xml]))))
      }
      for (const data of [INVOICE_EXAMPLES.VAT, INVOICE_RR_EXAMPLES.VAT_RR]) {
        const json = Buffer.from(JSON.stringify(data))
        inspectDataTask({ json, company: WARMING, strictness: 'ksef', ...begun() })
      }
    },
    close,
  }
}

type Times = { waitMs: number; workMs: number }

async function inspectionsInThread(
  pool: Pool,
  task: InspectionTask,
  times: Times,
): Promise<Inspection[] | null> {
  const found = await inThread(pool, task, times)
  return Array.isArray(found) ? found : null
}

/**
 * What still waits at its deadline is our doing; what a thread has had for all of its time is the document's.
 *
 * @returns null when it took too long
 */
async function inThread(pool: Pool, task: Task, times: Times): Promise<Done | null> {
  const giveUp = new AbortController()
  const hasBegun = () => Atomics.load(new Int32Array(task.begun), 0) === 1
  let waitedMs = 0
  let workedMs = 0
  const timer = setInterval(() => {
    if (hasBegun()) workedMs += times.workMs
    else waitedMs += times.workMs
    // The time in which it began was not all its own.
    if (workedMs > times.workMs || waitedMs >= times.waitMs) giveUp.abort()
  }, times.workMs)
  try {
    return await pool.run(task, { signal: giveUp.signal })
  } catch (error) {
    if (!giveUp.signal.aborted) throw error
    if (!hasBegun()) throw new FleetError('OVERLOADED')
    return null
  } finally {
    clearInterval(timer)
  }
}

const oneOf = (inspections: Inspection[] | null): Inspection =>
  inspections?.[0] ?? { ok: false, faults: [TOO_COMPLEX] }

const TOO_COMPLEX = {
  code: 'INVOICE_TOO_COMPLEX',
  message: 'The document takes longer to examine than any invoice of its size.',
  help: INVOICE_FAULTS.INVOICE_TOO_COMPLEX.help,
} as const

const UNCHECKED: InvoiceCheck = { facts: null, findings: [findingOfFault(TOO_COMPLEX)] }
const NOTHING_BUILT: InvoiceDataInspection = {
  inspection: { ok: false, faults: [TOO_COMPLEX] },
  xml: new Uint8Array(),
  fingerprint: null,
}

const WARMING: IssuingCompany = { nip: '5265877635', name: 'Warming' }

/** One document of each form, faulty but far enough from it that its schema is needed to say so. */
const hollowInvoices = (): Uint8Array[] =>
  Object.values(FORMS).map(({ namespace }) => Buffer.from(`<Faktura xmlns="${namespace}"/>`))
