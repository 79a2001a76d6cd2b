import type { Randomness } from '../randomness.ts'
import type { ErrorCode } from '../refusal.ts'
import { type Countable, createArmoury } from './armoury.ts'

/**
 * Faults of the wire, each bound to one operation. "Before effect" means the operation does not run;
 * "after effect" means it ran and only its answer is spoilt: the two are what a client cannot tell apart.
 * What KSeF itself may say wrongly is a misbehaviour instead.
 */
export const FAULT_MODES = [
  'drop-answer-after-effect',
  'reset-before-effect',
  'cut-body-after-effect',
  'status',
  'refusal',
  'delay',
  'hang',
  'trickle',
] as const
export type FaultMode = (typeof FAULT_MODES)[number]

export type Fault = Countable & {
  /**
   * As in the OpenAPI: `POST /sessions/online/{referenceNumber}/invoices`; `GET /storage/upo` for UPO links; `*` for
   * every operation.
   */
  operation: string
  mode: FaultMode
  /** For `status`, `delay` and `hang`: let the operation run first. */
  afterEffect?: boolean
  /** For `status`. */
  httpStatus?: number
  /** For `status`: sent as JSON unless it is a string. */
  body?: unknown
  /** For `status`, e.g. `{ "retry-after": "30" }`. */
  headers?: Record<string, string>
  /** For `refusal`: the number of KSeF's own error, e.g. 21173; the operation does not run. */
  code?: ErrorCode
  /** For `delay` and `trickle`: milliseconds. */
  ms?: number
}

export type Faults = {
  add(fault: Fault): void
  clear(): void
  /** The fault that strikes this call, counted as used; the oldest fitting one wins. */
  strike(operation: string): Fault | undefined
  list(): Fault[]
}

/** @param initial faults that are armed from the start. */
export function createFaults(initial: readonly Fault[] = [], randomness?: Randomness): Faults {
  const { add, clear, list, strike } = createArmoury(initial, randomness)
  return {
    add,
    clear,
    list,
    strike: (operation) => strike((fault) => fault.operation === operation || fault.operation === '*'),
  }
}
