import { later } from '../clock.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'

/** Everything with a permanentStorageDate at or before this moment is complete and final (hwm.md). Pure. */
export const highWaterMark = (now: Date, hwmLagMs: number): Date => later(now, -hwmLagMs)

/** Where the random digits of a KSeF number begin: they decide how late the invoice shows up. */
const SCATTER_DIGITS = [24, 30] as const

/** From when on lists and packages show the invoice: its storage date, and up to the lag later. */
export function shownFrom({ permanentStorageDate, ksefNumber }: AcceptedInvoice, hwmLagMs: number): Date {
  if (hwmLagMs <= 0) return permanentStorageDate
  const digits = Number.parseInt(ksefNumber.slice(...SCATTER_DIGITS), 16)
  return later(permanentStorageDate, digits % hwmLagMs)
}
