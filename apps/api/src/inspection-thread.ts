/** The thread's side of `invoice-inspection.ts`: one task at a time, of one document or of some small ones. */
import {
  composeFromJson,
  type Inspection,
  type InvoiceDataInspection,
  type IssuingCompany,
  inspectInvoiceData,
  type KsefEnvironment,
} from '@ksef-fleet/ksef'
import {
  checkInvoice,
  checkInvoiceData,
  type InvoiceCheck,
  inspectorOf,
  type Strictness,
} from '@ksef-fleet/ksef/rules'

type Begun = {
  now: Date
  environment: KsefEnvironment
  /** One number, in memory both sides see: 1 once a thread has begun with the documents. */
  begun: SharedArrayBuffer
}

/** Documents as XML or, where a company is named that issues them, as JSON. */
export type InspectionTask = Begun & {
  documents: readonly Uint8Array[]
  company: IssuingCompany | null
  strictness: Strictness
}
/** A document to be held against every rule, not only KSeF's; JSON where a company is named that issues it. */
export type CheckTask = Begun & { checked: Uint8Array; company: IssuingCompany | null }
/** An invoice as JSON, which the company issues. */
export type DataInspectionTask = Begun & { json: Uint8Array; company: IssuingCompany; strictness: Strictness }
/** Invoices as JSON that were found sound, to be made again. */
export type CompositionTask = Begun & { composed: readonly Uint8Array[]; company: IssuingCompany }

export type Task = InspectionTask | CheckTask | DataInspectionTask | CompositionTask
export type Done = Inspection[] | InvoiceCheck | InvoiceDataInspection | Compositions
export type Compositions = { xmls: Uint8Array[] }

export default function inspectTask(task: Task): Done {
  Atomics.store(new Int32Array(task.begun), 0, 1)
  if ('checked' in task) return checkTask(task)
  if ('json' in task) return inspectDataTask(task)
  if ('composed' in task) return { xmls: task.composed.map((json) => composed(json, task)) }
  return task.documents.map((document) => inspected(document, task))
}

export function inspected(
  document: Uint8Array,
  { company, strictness, ...setting }: InspectionTask,
): Inspection {
  const inspect = inspectorOf(strictness)
  if (company === null) return inspect(document, setting)
  return inspectInvoiceData(document, { ...setting, company }, inspect).inspection
}

export const inspectDataTask = ({
  json,
  strictness,
  ...setting
}: DataInspectionTask): InvoiceDataInspection => inspectInvoiceData(json, setting, inspectorOf(strictness))

export const checkTask = ({ checked, company, ...setting }: CheckTask): InvoiceCheck =>
  company === null ? checkInvoice(checked, setting) : checkInvoiceData(checked, { ...setting, company })

function composed(json: Uint8Array, { now, company }: CompositionTask): Uint8Array {
  const made = composeFromJson(json, { now, company })
  if (!made.ok) throw new Error('an invoice that was found sound cannot be made again')
  // In memory of its own: a buffer goes to the other side whole.
  return new Uint8Array(made.xml)
}
