/**
 * A credential signs in to KSeF: a certificate, or a KSeF token. It is a company's own, or the provider's, which opens
 * every context that granted its holder permissions. What rotates are its versions; the credential and its id stay.
 */
import { FleetError } from '../errors.ts'
import type { CompanyId, CredentialId, KsefEnvironment } from '../identifiers.ts'
import type { KsefContext } from '../integrations/integration.ts'

/**
 * certificate          signs in.
 * token                signs in, to one context.
 * offline-certificate  of KSeF's type Offline: it signs KOD II of offline invoices, and never signs in.
 */
export const CREDENTIAL_KINDS = ['certificate', 'token', 'offline-certificate'] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

/** What only signs codes has no sign-in to prove. @throws FleetError CREDENTIAL_OFFLINE_TYPE */
export function assertSignsIn({ kind }: Pick<Credential, 'kind'>): void {
  if (kind === 'offline-certificate') throw new FleetError('CREDENTIAL_OFFLINE_TYPE')
}

/**
 * active  signs in with its version that is `active`.
 * ending  revoked by its owner: signs in no more; its versions are being revoked in KSeF and erased.
 * ended   nothing of its secrets is left. The end.
 */
export const CREDENTIAL_STATES = ['active', 'ending', 'ended'] as const
export type CredentialState = (typeof CREDENTIAL_STATES)[number]

export type Credential = {
  id: CredentialId
  /** null: the provider's own. */
  companyId: CompanyId | null
  environment: KsefEnvironment
  /** What its owner calls it. */
  name: string
  kind: CredentialKind
  /** The one context a token signs in to; null for a certificate. */
  context: KsefContext | null
  /** Where the secret store keeps the secret. One name for all versions. */
  secretRef: string
  state: CredentialState
  /** The fleet renews it before it ends: a KSeF certificate by enrolment, a token with the help of a certificate. */
  autoRenew: boolean
  createdAt: Date
  endedAt: Date | null
}

/**
 * The way of a version. One `nextStep()` a run, each idempotent and resumable after a kill.
 *
 * requested  to be made by KSeF: a token to generate, a certificate to enrol for. Its `referenceNumber` is KSeF's of that request.
 * staged     its secret is stored, pending; nobody uses it yet.
 * proved     it signed in and made one call that reads.
 * active     signs in. At most one of a credential.
 * retiring   a newer one is active; sessions opened under it finish under it.
 * drained    no unsettled session refers to it.
 * revoked    KSeF takes it no more (or it was not KSeF's to revoke).
 * erased     its secret is gone. The end.
 * failed     it could not be made or proved; `failure` says why, the active one is untouched. Erased next.
 */
export const VERSION_STATES = [
  'requested',
  'staged',
  'proved',
  'active',
  'retiring',
  'drained',
  'revoked',
  'erased',
  'failed',
] as const
export type VersionState = (typeof VERSION_STATES)[number]

export const VERSION_NEXT = {
  requested: ['staged', 'failed'],
  staged: ['proved', 'failed'],
  proved: ['active', 'failed'],
  active: ['retiring'],
  retiring: ['drained'],
  drained: ['revoked'],
  revoked: ['erased'],
  failed: ['erased'],
  erased: [],
} as const satisfies Record<VersionState, readonly VersionState[]>

/** Whence a version's secret: supplied by its owner, or made here and issued by KSeF. */
export type VersionOrigin = 'supplied' | 'generated' | 'enrolled'

export type CredentialVersion = {
  credentialId: CredentialId
  /** 1, 2, 3, … Part of every token cache key. */
  number: number
  state: VersionState
  origin: VersionOrigin
  /** The secret store's name of this version of the secret; null until it is stored. */
  secretVersion: string | null
  /** KSeF's reference of a token, or of an enrolment under way. */
  referenceNumber: string | null
  /** For a certificate. */
  serialNumber: string | null
  fingerprint: string | null
  subject: string | null
  notBefore: Date | null
  /** For a token of the environment: the end the law sets, where it is known; else null. */
  notAfter: Date | null
  failure: { code: string; description?: string } | null
  /** When the sweeper rings for its next step; null when no step is due. */
  nextStepAt: Date | null
  /** Failed tries of the present step. */
  tries: number
  /** When its owner is next told that it ends: 30, 14, 7 and 1 days before. */
  nextNoticeAt: Date | null
  createdAt: Date
  activatedAt: Date | null
  retiredAt: Date | null
  erasedAt: Date | null
}

/** A credential with the version that signs in (`active`), or with the one a session was opened under (`retiring`). */
export type UsableCredential = Credential & { version: CredentialVersion }

export type VersionChange = Partial<
  Omit<CredentialVersion, 'credentialId' | 'number' | 'state' | 'origin' | 'createdAt'>
>
