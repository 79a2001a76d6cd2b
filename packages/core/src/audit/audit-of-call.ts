import type { CallRecord, KsefFailureKind } from '@ksef-fleet/ksef'
import type { AuditEntry } from './audit-entry.ts'

/** For whom a call of KSeF is made, and by whom. */
export type CallOwner = {
  /** `worker`, or whoever asked for the call. */
  actor: string
  /** Id of what the call is about: an integration, a session, a submission, a credential. */
  subject: string
  taxpayerNip?: string
  /** Whose credential opened the context, when it was the provider's. */
  providerNip?: string
  credentialId?: string
  credentialVersion?: number
  requestId?: string
}

/** Where KSeF itself said no. Everything else failed on the way or on its side. */
const SAID_NO: ReadonlySet<KsefFailureKind> = new Set([
  'refused',
  'unauthorized',
  'forbidden',
  'gone',
  'rate-limited',
  'status',
])

/** The audit entry of one call of KSeF, as its observer (`KsefClient.observedBy`) hears of it. */
export function auditOfCall(call: CallRecord, owner: CallOwner): AuditEntry {
  const { actor, subject, taxpayerNip, providerNip, requestId, credentialId, credentialVersion } = owner
  const { httpStatus, failureKind, failureCode, referenceNumber, ksefCode, traceId } = call
  return {
    actor,
    action: 'ksef.call',
    subject,
    outcome: outcomeOf(failureKind),
    operation: call.operation,
    durationMs: Math.round(call.durationMs),
    ...present({ taxpayerNip, providerNip, requestId, referenceNumber }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(failureCode === undefined ? {} : { errorCode: failureCode }),
    details: present({ credentialId, credentialVersion, ksefCode, traceId }),
  }
}

const outcomeOf = (kind: KsefFailureKind | undefined): AuditEntry['outcome'] => {
  if (kind === undefined) return 'ok'
  return SAID_NO.has(kind) ? 'refused' : 'failed'
}

/** What is there of the values given. */
const present = <T extends Record<string, string | number | undefined>>(
  values: T,
): { [Name in keyof T]?: NonNullable<T[Name]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: NonNullable<T[Name]>
  }
