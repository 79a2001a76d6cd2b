import { sha256Base64 } from '../crypto/digest.ts'
import { type Inspection, type InspectionSetting, inspectInvoice } from '../documents/inspect-invoice.ts'
import { fault } from '../documents/invoice-fault.ts'
import type { CompletionSetting } from './completion/setting.ts'
import { atTheirData, type ComposedInvoice, composeInvoice } from './compose-invoice.ts'
import { canonicalJson } from './plain-data.ts'

/**
 * @property xml what was built; empty when nothing could be
 * @property fingerprint the same for the same data, whenever it is inspected and in whatever order its fields stand; null
 *   for what is no JSON
 */
export type InvoiceDataInspection = {
  readonly inspection: Inspection
  readonly xml: Uint8Array
  readonly fingerprint: string | null
}

const NOTHING = new Uint8Array()
const SYSTEM_INFO = 'KSeF Fleet'

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch {
    return undefined
  }
}

/** The invoice that the JSON makes, before anything but its data is examined. */
export function composeFromJson(json: Uint8Array, setting: CompletionSetting): ComposedInvoice {
  const data = parse(json)
  if (data === undefined) return { ok: false, faults: [fault('INVOICE_NOT_JSON')] }
  return composeInvoice(data, { systemInfo: SYSTEM_INFO, ...setting })
}

/**
 * Builds an invoice from JSON and examines it as a document that came as XML. Faults carry the JSON pointer of what they are
 * about.
 *
 * @param inspect what examines the document
 */
export function inspectInvoiceData(
  json: Uint8Array,
  setting: InspectionSetting & CompletionSetting,
  inspect: typeof inspectInvoice = inspectInvoice,
): InvoiceDataInspection {
  const made = composeFromJson(json, setting)
  if (!made.ok) return { inspection: made, xml: NOTHING, fingerprint: null }
  const { xml, root } = made
  const found = inspect(xml, setting)
  const inspection: Inspection = found.ok ? found : { ok: false, faults: atTheirData(found.faults, root) }
  return { inspection, xml, fingerprint: sha256Base64(Buffer.from(canonicalJson(parse(json)), 'utf8')) }
}
