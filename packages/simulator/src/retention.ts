import { later } from './clock.ts'
import { Gone } from './refusal.ts'

/** How long the status of an asynchronous operation can be asked for (api-changelog.md, 2.4.0). */
export const RETENTION_DAYS = {
  authentication: 7,
  invoiceExport: 7,
  certificateEnrollment: 30,
  permissionOperation: 30,
} as const

const DAY_MS = 24 * 3600 * 1000

/** @throws Gone (410) when the operation began longer ago than its days of retention */
export function refuseGone(kind: keyof typeof RETENTION_DAYS, began: Date, now: Date): void {
  const days = RETENTION_DAYS[kind]
  if (now > later(began, days * DAY_MS)) throw new Gone(`Status jest dostępny przez ${days} dni`)
}
