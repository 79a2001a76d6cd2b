import type { Context, Subject } from '../identity.ts'

/**
 * The append-only truth of a run: what reached the simulator, what it decided, when. Checkers compare it with
 * what the fleet believes. Times are ISO instants of the simulator's clock.
 */
export type Decision = {
  /** The invoice's final status code: 200 accepted, 440 duplicate, … (schema SessionInvoiceStatusResponse). */
  statusCode: number
  invoiceHash: string
  ksefNumber?: string
  sellerNip?: string
  invoiceNumber?: string
  invoiceKind?: string
  context: Context
  subject: Subject
  sessionReferenceNumber: string
  invoiceReferenceNumber: string
  receivedAt: string
  settlesAt: string
}

export type Call = {
  at: string
  operation: string
  /** The path that was asked for, without its query. */
  path: string
  httpStatus: number
  /** The mode of the fault that touched this call, if any. */
  fault?: string
  context?: Context
}

export type LedgerSnapshot = {
  /** Invoices that got a KSeF number. */
  accepted: Decision[]
  /** Every invoice that was received, accepted or not. */
  decisions: Decision[]
  /** How many invoice POSTs carried this SHA-256 (Base64), whatever became of them. */
  postsByHash: Record<string, number>
  /** How many requests reached each operation, named as in the OpenAPI: `POST /sessions/online`. */
  operations: Record<string, number>
}

export type Ledger = {
  recordPost(invoiceHash: string): void
  recordDecision(decision: Decision): void
  recordCall(call: Call): void
  snapshot(): LedgerSnapshot
  calls(): Call[]
}

export type LedgerState = {
  decisions: Decision[]
  posts: Map<string, number>
  operations: Map<string, number>
}

/** Older calls are forgotten: a worker that polls for days would otherwise fill the memory. */
const CALLS_MAX = 100_000

export function createLedger({ decisions, posts, operations }: LedgerState): Ledger {
  const calls: Call[] = []
  const increment = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  return {
    recordPost: (invoiceHash) => void increment(posts, invoiceHash),
    recordDecision: (decision) => void decisions.push(decision),
    recordCall: (call) => {
      increment(operations, call.operation)
      calls.push(call)
      if (calls.length > CALLS_MAX * 2) calls.splice(0, calls.length - CALLS_MAX)
    },
    snapshot: () => ({
      accepted: decisions.filter((decision) => decision.ksefNumber !== undefined),
      decisions: [...decisions],
      postsByHash: Object.fromEntries(posts),
      operations: Object.fromEntries(operations),
    }),
    calls: () => [...calls],
  }
}
