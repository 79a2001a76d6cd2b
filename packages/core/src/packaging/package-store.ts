import type { DeclaredPart } from '@ksef-fleet/ksef'
import type { RegisteredInKsef } from '../delivery/after-status.ts'
import type { Compression, Session } from '../delivery/session.ts'
import type { GroupKey, PendingGroup } from '../dispatch/pending-group.ts'
import type { NewDocument } from '../documents/document-store.ts'
import type { CredentialId, KsefEnvironment, SessionId, SubmissionId } from '../identifiers.ts'
import type { Submission, SubmissionReason, SubmissionState } from '../submissions/submission.ts'

/** Whoever drives a batch session: what it writes counts only while its fence is the session's. */
export type PackageLease = { sessionId: SessionId; fence: number }

export type NewPackage = {
  id: SessionId
  environment: KsefEnvironment
  group: GroupKey
  /** At most so many invoices and bytes of XML; a first invoice that is larger goes alone. */
  count: number
  bytesMax: number
  compression: Compression
  sealedKey: string
  credentialId: CredentialId
  credentialVersion: number
}

/** A part, and where KSeF wants it. */
export type StoredPart = DeclaredPart & { sealedUpload: string; uploadedAt: Date | null }

/** What the results of a package are matched with. */
export type PackedSubmission = Pick<
  Submission,
  | 'id'
  | 'companyId'
  | 'state'
  | 'sellerNip'
  | 'invoiceHash'
  | 'fence'
  | 'polls'
  | 'hasAttachment'
  | 'packageMax'
  | 'ksefNumber'
>

export type Registration = RegisteredInKsef & { id: SubmissionId; referenceNumber: string }

/** Packages of a company's invoices: a batch session, its parts, and the submissions that travel in it. */
export type PackageStore = {
  /** The due pending submissions of an environment, by what the planner tells apart. */
  pending(environment: KsefEnvironment): Promise<PendingGroup[]>
  /** Batch sessions whose packages are being made or uploaded. */
  underWay(environment: KsefEnvironment): Promise<number>
  /**
   * pending → packed for the due submissions of the group that wait longest (SKIP LOCKED), with an attempt of each on
   * record, in a new session that is `opening` and due to be driven. Answers how many; 0 when another worker has them, and
   * then there is no session.
   */
  pack(wanted: NewPackage): Promise<number>
  /** Takes over a batch session whose lease is over: its fence is raised. Null when somebody drives it. */
  lease(id: SessionId, seconds: number): Promise<Session | null>
  /** False when another worker drives it by now. */
  renew(lease: PackageLease, seconds: number): Promise<boolean>
  /** Gives it back until then. */
  rest(lease: PackageLease, until: Date): Promise<void>
  /**
   * The next documents of the package, in its order, strictly after the place `after`: at most so many and so many bytes, but
   * one in any case. None: there are no more.
   */
  documents(
    id: SessionId,
    page: { after: number; limit: number; bytesMax: number },
  ): Promise<{ id: SubmissionId; ordinal: number; invoiceHash: string; content: Uint8Array }[]>
  /** opening → open, with where the parts go. False when another worker drives it by now. */
  opened(
    lease: PackageLease,
    set: Pick<Session, 'packageSize' | 'packageHash'> & {
      referenceNumber: string
      validUntil: Date
      parts: readonly Omit<StoredPart, 'uploadedAt'>[]
    },
  ): Promise<boolean>
  parts(id: SessionId): Promise<StoredPart[]>
  /** False when another worker drives it by now. */
  uploaded(lease: PackageLease, ordinalNumber: number): Promise<boolean>
  /** open → closing: from here on KSeF may read it. False when another worker drives it, or a part is missing. */
  closing(lease: PackageLease): Promise<boolean>
  /**
   * Ends a package that KSeF certainly read nothing of: packed → pending from `nextAttemptAt` on, its attempts `not-done`,
   * the session `abandoned`. False when the session was not in a state `from`, or another worker drives it.
   *
   * @param abandoning.fence of a lease; left out for a session that nobody drives any more
   */
  abandon(
    id: SessionId,
    abandoning: {
      from: 'opening' | 'open' | 'closing'
      fence?: number
      code: string
      nextAttemptAt: Date
      packageMax?: number
    },
  ): Promise<boolean>
  /** Those of a package in the given states, in its order. */
  submissions(id: SessionId, states: readonly SubmissionState[]): Promise<PackedSubmission[]>
  /** packed → registered, their attempts `done`. */
  register(id: SessionId, registered: readonly Registration[], nextPollAt: Date): Promise<void>
  /** packed → sent, under KSeF's reference of each, to be asked about from then on. */
  sent(
    id: SessionId,
    sent: readonly { id: SubmissionId; referenceNumber: string }[],
    timers: { nextPollAt: Date; giveUpAt: Date },
  ): Promise<void>
  /** packed → pending for those named, their attempts `not-done` for that reason. */
  unpack(
    id: SessionId,
    unpacked: {
      ids: readonly SubmissionId[]
      code: string
      said: SubmissionReason
      nextAttemptAt: Date
      packageMax: number | null
    },
  ): Promise<void>
  /** packed → held for those named. */
  hold(id: SessionId, ids: readonly SubmissionId[], reason: SubmissionReason): Promise<void>
  /** Whoever of the package is still without a receipt asks for its own, at once. */
  fetchOwnReceipts(id: SessionId): Promise<void>
  /** Stores receipts, and registered → receipted of whose they are; one that has its receipt keeps it. */
  receipt(
    id: SessionId,
    receipts: readonly (Pick<NewDocument, 'id' | 'hash' | 'content'> & {
      ksefNumber: string
      submissionId: SubmissionId
    })[],
  ): Promise<void>
}
