/**
 * What is left of KSeF's limits for sending invoices one by one, per context and egress address, as published
 * (`x-rate-limits` of `POST /sessions/online/{referenceNumber}/invoices`; limity-api.md). All windows count at once.
 * Counted here from our own attempts: what other software of the company sends is not in it.
 */

import type { KsefEnvironment } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'

export const SEND_LIMITS = [
  { window: 'second', seconds: 1, max: 10 },
  { window: 'minute', seconds: 60, max: 30 },
  { window: 'hour', seconds: 3_600, max: 180 },
] as const

export type SendWindow = (typeof SEND_LIMITS)[number]['window']
export type SendBudget = { window: SendWindow; max: number; used: number; left: number }[]

/** @param used attempts begun within each window, in the order of `SEND_LIMITS` */
export const sendBudget = (used: readonly number[]): SendBudget =>
  SEND_LIMITS.map(({ window, max }, index) => {
    const spent = used[index] ?? 0
    return { window, max, used: spent, left: Math.max(0, max - spent) }
  })

export async function readSendBudget(
  tx: Pick<CompanyTransaction, 'attempts'>,
  environment: KsefEnvironment,
): Promise<SendBudget> {
  const used: number[] = []
  for (const { seconds } of SEND_LIMITS) used.push(await tx.attempts.countSince(environment, seconds))
  return sendBudget(used)
}
