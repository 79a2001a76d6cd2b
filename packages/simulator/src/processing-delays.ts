import type { Settings } from './settings.ts'

/**
 * What takes its time: a sign-in, a KSeF token until it is active, an invoice until its verdict, the permanent
 * storage after that, a session after its last invoice, an export, a grant, a certificate.
 */
export const DELAY_KINDS = [
  'signIn',
  'token',
  'invoice',
  'storage',
  'session',
  'export',
  'permission',
  'certificate',
] as const
export type DelayKind = (typeof DELAY_KINDS)[number]

/** Milliseconds for each kind that differs from `processingDelayMs`. */
export type ProcessingDelays = Partial<Record<DelayKind, number>>

export const delayOf = (settings: Settings, kind: DelayKind): number =>
  settings.delaysMs[kind] ?? settings.processingDelayMs
