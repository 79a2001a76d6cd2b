import { INVOICING_MODES, type InvoicingMode } from '../api/wire.ts'

/** The mode that the receipt of one invoice names (`TrybWysylki`); null where it names none that is known. */
export function modeOfReceipt(xml: Uint8Array): InvoicingMode | null {
  const bytes = Buffer.from(xml.buffer, xml.byteOffset, xml.byteLength)
  return INVOICING_MODES.find((mode) => bytes.includes(`TrybWysylki>${mode}</`)) ?? null
}
