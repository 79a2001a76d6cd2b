/**
 * Faults to inject, each bound to one operation. "Before effect" means the operation does not run;
 * "after effect" means it ran and only its answer is spoilt: the two are what a client cannot tell apart.
 */
export const FAULT_MODES = [
  'drop-answer-after-effect',
  'reset-before-effect',
  'cut-body-after-effect',
  'status',
  'delay',
] as const
export type FaultMode = (typeof FAULT_MODES)[number]

export type Fault = {
  /** As in the OpenAPI: `POST /sessions/online/{referenceNumber}/invoices`; `GET /storage/upo` for UPO links. */
  operation: string
  mode: FaultMode
  /** How many calls it strikes; 1 by default. */
  times?: number
  /** How many matching calls pass unharmed first; 0 by default. */
  skip?: number
  /** For `status` and `delay`: let the operation run first. */
  afterEffect?: boolean
  /** For `status`. */
  httpStatus?: number
  /** For `status`: sent as JSON unless it is a string. */
  body?: unknown
  /** For `status`, e.g. `{ "retry-after": "30" }`. */
  headers?: Record<string, string>
  /** For `delay`: milliseconds. */
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
export function createFaults(initial: readonly Fault[] = []): Faults {
  const armed: { fault: Fault; skip: number; times: number }[] = []
  const add = (fault: Fault) => armed.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
  initial.forEach(add)
  return {
    add: (fault) => void add(fault),
    clear: () => void armed.splice(0),
    strike: (operation) => {
      for (const entry of armed) {
        if (entry.fault.operation !== operation || entry.times <= 0) continue
        if (entry.skip > 0) {
          entry.skip -= 1
          continue
        }
        entry.times -= 1
        return entry.fault
      }
      return undefined
    },
    list: () =>
      armed.filter((entry) => entry.times > 0).map((entry) => ({ ...entry.fault, times: entry.times })),
  }
}
