/**
 * Runs `inspectInvoice` beside the event loop: a large or hostile document costs a thread some time, never the other
 * requests. Small documents cost less than the way to a thread and back, so they are inspected in place.
 */
import { FleetError, type KsefEnvironment } from '@ksef-fleet/core'
import { FORMS, INVOICE_FAULTS, type Inspection, inspectInvoice } from '@ksef-fleet/ksef'
import { Piscina } from 'piscina'
import type { InspectionTask } from './inspection-thread.ts'

/** Largest document inspected in place. */
export const IN_PLACE_BYTES_MAX = 16_384

export type InspectionLimits = {
  threads: number
  /** Waiting documents beyond which new ones are turned away. */
  waitingMax: number
  /** Time one document may wait, and then be examined, before it is given up. */
  deadlineMs: number
}

export type InvoiceInspector = {
  /** A document that takes too long to examine is faulty. @throws FleetError OVERLOADED when too many wait */
  inspect(xml: Uint8Array): Promise<Inspection>
  /** Compiles the schemas here and in every thread, so that no caller waits for it. */
  warmUp(): Promise<void>
  close(): Promise<void>
}

type Pool = Piscina<InspectionTask, Inspection>

export function createInvoiceInspector(
  deps: { environment: KsefEnvironment; now: () => Date },
  limits: InspectionLimits,
): InvoiceInspector {
  const pool: Pool = new Piscina({
    filename: new URL('./inspection-thread.ts', import.meta.url).href,
    minThreads: limits.threads,
    maxThreads: limits.threads,
    maxQueue: limits.waitingMax,
  })
  const taskOf = (xml: Uint8Array): InspectionTask => ({
    xml,
    now: deps.now(),
    environment: deps.environment,
    begun: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  })
  return {
    async inspect(xml) {
      const task = taskOf(xml)
      if (xml.byteLength <= IN_PLACE_BYTES_MAX) return inspectInvoice(xml, task)
      if (pool.queueSize >= limits.waitingMax) throw new FleetError('OVERLOADED')
      return inThread(pool, task, limits.deadlineMs)
    },
    async warmUp() {
      for (const xml of hollowInvoices()) {
        inspectInvoice(xml, taskOf(xml))
        await Promise.all(Array.from({ length: limits.threads }, () => pool.run(taskOf(xml))))
      }
    },
    close: () => pool.close(),
  }
}

/** One that still waits at the deadline is our doing; one a thread has had since at least that long is the document's. */
async function inThread(pool: Pool, task: InspectionTask, deadlineMs: number): Promise<Inspection> {
  const giveUp = new AbortController()
  const hasBegun = () => Atomics.load(new Int32Array(task.begun), 0) === 1
  let timer = setTimeout(() => {
    if (!hasBegun()) return giveUp.abort()
    timer = setTimeout(() => giveUp.abort(), deadlineMs)
  }, deadlineMs)
  try {
    return await pool.run(task, { signal: giveUp.signal })
  } catch (error) {
    if (!giveUp.signal.aborted) throw error
    if (!hasBegun()) throw new FleetError('OVERLOADED')
    return { ok: false, faults: [TOO_COMPLEX] }
  } finally {
    clearTimeout(timer)
  }
}

const TOO_COMPLEX = {
  code: 'INVOICE_TOO_COMPLEX',
  message: 'The document takes longer to examine than any invoice of its size.',
  help: INVOICE_FAULTS.INVOICE_TOO_COMPLEX.help,
} as const

/** One document of each form, faulty but far enough from it that its schema is needed to say so. */
const hollowInvoices = (): Uint8Array[] =>
  Object.values(FORMS).map(({ namespace }) => Buffer.from(`<Faktura xmlns="${namespace}"/>`))
