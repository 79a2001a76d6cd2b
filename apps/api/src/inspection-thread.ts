/** The thread's side of `invoice-inspection.ts`: one document at a time. */
import { type Inspection, inspectInvoice, type KsefEnvironment } from '@ksef-fleet/ksef'

export type InspectionTask = {
  xml: Uint8Array
  now: Date
  environment: KsefEnvironment
  /** One number, in memory both sides see: 1 once a thread has begun with the document. */
  begun: SharedArrayBuffer
}

export default function inspectTask({ xml, now, environment, begun }: InspectionTask): Inspection {
  Atomics.store(new Int32Array(begun), 0, 1)
  return inspectInvoice(xml, { now, environment })
}
