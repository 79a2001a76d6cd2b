import type { Batch } from '../batch/batch.ts'
import type { Context, Subject } from '../identity.ts'
import type { SymmetricKey } from '../invoice/decryption.ts'
import type { InvoiceFacts } from '../invoice/facts.ts'
import type { SupportedForm } from '../invoice/form-code.ts'
import type { Authentication } from './authentications.ts'

/**
 * Sending sessions and what was sent in them. A session is open until it is closed or `validUntil` passes;
 * its visible status is derived from these facts and the clock (session-phase.ts), never stored.
 */
export type InvoiceStatus = {
  code: number
  description: string
  details?: string[]
  extensions?: Record<string, string>
}

export type SentInvoice = {
  ordinalNumber: number
  referenceNumber: string
  sessionReferenceNumber: string
  invoiceHash: string
  /** `invoicingDate`: when the POST arrived; in a batch, when its session was opened. */
  receivedAt: Date
  /** When the final status becomes visible; for an accepted invoice also `acquisitionDate`. */
  settlesAt: Date
  /** The final status. */
  verdict: InvoiceStatus
  /** Shown until then instead of 100 and 150 in turn. */
  stuckIn?: number
  offlineMode: boolean
  /** Name in the package, of an invoice of a batch. */
  fileName?: string
  /** SHA-256 of the rejected invoice that this technical correction replaces. */
  hashOfCorrectedInvoice?: string
  /** Known once the file could be read that far. */
  facts?: InvoiceFacts
  accepted?: AcceptedInvoice
}

export type AcceptedInvoice = {
  ksefNumber: string
  facts: InvoiceFacts
  xml: Buffer
  invoiceHash: string
  invoicingMode: 'Online' | 'Offline'
  form: SupportedForm
  receivedAt: Date
  acquisitionDate: Date
  permanentStorageDate: Date
  sessionReferenceNumber: string
  hashOfCorrectedInvoice?: string
}

/** A status that the control plane puts in place of the session's own. */
export type ImposedStatus = { code: number; description?: string; details?: string[] }

export type SendingSession = {
  referenceNumber: string
  context: Context
  author: Subject
  /** The sign-in it was opened under: named in its UPO. */
  authentication: Authentication
  form: SupportedForm
  /** Absent when the wrapped key could not be opened: the session ends in 415. */
  symmetricKey?: SymmetricKey
  dateCreated: Date
  validUntil: Date
  closedAt?: Date
  invoices: SentInvoice[]
  /** Check digits of NIPs are asked for; see identifier-checks.ts. */
  checksIdentifiers?: boolean
  /** Only a batch session has it. */
  batch?: Batch
  upoReferenceNumber: string
  imposed?: ImposedStatus
}

export type Sessions = {
  add(session: SendingSession): void
  /** Only within its own context: elsewhere it does not exist. */
  find(context: Context, referenceNumber: string): SendingSession | undefined
  /** Without regard to context, for links that carry their own proof. */
  findByLink(referenceNumber: string): SendingSession | undefined
  inContext(context: Context): SendingSession[]
}

/** @param impose what a misbehaviour makes of a session that was just opened. */
export function createSessions(
  all: Map<string, SendingSession>,
  impose: () => ImposedStatus | undefined,
): Sessions {
  const belongs = (session: SendingSession, context: Context) =>
    session.context.type === context.type && session.context.value === context.value
  return {
    add: (session) => {
      const imposed = impose()
      if (imposed !== undefined) session.imposed = imposed
      all.set(session.referenceNumber, session)
    },
    find: (context, referenceNumber) => {
      const session = all.get(referenceNumber)
      return session !== undefined && belongs(session, context) ? session : undefined
    },
    findByLink: (referenceNumber) => all.get(referenceNumber),
    inContext: (context) => [...all.values()].filter((session) => belongs(session, context)),
  }
}
