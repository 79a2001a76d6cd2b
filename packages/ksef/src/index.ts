export { type AccessTokenClaims, decodeAccessToken, lifeSecondsOf } from './access-token.ts'
export type { AuthSession, AuthSessions } from './api/auth-sessions.ts'
export type {
  BatchSession,
  BatchSessions,
  CompressionType,
  DeclaredPackage,
  DeclaredPart,
  PartBody,
  PartUpload,
} from './api/batch-session.ts'
export type {
  CertificateEnrollments,
  CertificateLimits,
  Enrollment,
  EnrollmentData,
  EnrollmentStatus,
  KsefCertificateType,
} from './api/certificate-enrollments.ts'
export type { Certificates } from './api/certificates.ts'
export type {
  ExportPackage,
  ExportPart,
  ExportStatus,
  InvoiceExports,
  WantedExport,
} from './api/invoice-exports.ts'
export type {
  InvoiceFilters,
  InvoiceMetadata,
  InvoiceMetadataPage,
  Invoices,
  MetadataQuery,
  SubjectType,
} from './api/invoices.ts'
export type {
  CertificateFilter,
  CertificateMetadata,
  IssuedCertificates,
  RetrievedCertificate,
  RevocationReason,
} from './api/issued-certificates.ts'
export {
  createLighthouseClient,
  LIGHTHOUSE_BASE_URLS,
  type LighthouseClient,
  type LighthouseClientOptions,
  type LighthouseMessage,
  type LighthouseStatus,
} from './api/lighthouse.ts'
export type { ContextLimits, Limits, RateLimit, RateLimits, SessionLimits } from './api/limits.ts'
export type { OnlineSession, OnlineSessions, SendOptions } from './api/online-session.ts'
export type {
  GrantedPermission,
  NamedIdentifier,
  Permissions,
  PersonalGrantsFilter,
} from './api/permissions.ts'
export type { PublicKey, PublicKeys, PublicKeyUsage } from './api/public-keys.ts'
export type { CommonSessionStatus, ListedSession, SessionFilter, SessionPage } from './api/session-list.ts'
export type { SessionInvoice, SessionInvoicePage, SessionStatus, Sessions, UpoPage } from './api/sessions.ts'
export type { AccessToken, CertificateSignIn, SignedIn, SignIn, TokenSignIn } from './api/sign-in.ts'
export {
  type GeneratedToken,
  type KsefTokenFilter,
  type KsefTokenMetadata,
  type KsefTokenStatus,
  type KsefTokens,
  type NewKsefToken,
  TOKEN_PERMISSIONS,
  type TokenPermission,
} from './api/tokens.ts'
export type { Upo, Upos } from './api/upo.ts'
export { INVOICING_MODES, type InvoicingMode, type WireStatus } from './api/wire.ts'
export {
  ARCHIVE_PROBLEMS,
  type ArchiveBounds,
  type ArchivedFile,
  ArchiveError,
  type ArchiveProblem,
  FILE_NAME_CHARACTERS_MAX,
} from './archive/archived-file.ts'
export { countFiles } from './archive/file-counts.ts'
export { readTarGz } from './archive/tar-gz.ts'
export { readZip } from './archive/zip.ts'
export type { ContextIdentifier, SubjectIdentifierType } from './auth/auth-token-request.ts'
export {
  type CertificateSource,
  type CertificateUse,
  type KeyAlgorithm,
  loadCertificate,
  type SigningCertificate,
} from './auth/certificate.ts'
export { CERTIFICATE_PROBLEMS, CertificateError, type CertificateProblem } from './auth/certificate-error.ts'
export { type CertificateFacts, certificateFacts } from './auth/certificate-facts.ts'
export { type CertificationRequest, createCertificationRequest } from './auth/certification-request.ts'
export { createSelfSignedCertificate, type SelfSignedRequest } from './auth/self-signed-certificate.ts'
export { BATCH_BYTES_MAX, BATCH_PART_BYTES_MAX, BATCH_PARTS_MAX } from './batch/bounds.ts'
export type { DocumentToPack, PackedDocument } from './batch/document.ts'
export type { PackedPart } from './batch/encrypted-part.ts'
export {
  type PackedPackage,
  type PackingRequest,
  packInvoices,
  removePackage,
} from './batch/pack-invoices.ts'
export { PACKAGE_PROBLEMS, PackageError, type PackageProblem } from './batch/package-error.ts'
export type { CallRecord } from './call-record.ts'
export { createKsefClient, type KsefClient, type KsefClientOptions } from './client.ts'
export { DEFAULT_TIMEOUTS, type Timeouts } from './connection.ts'
export { sha256Base64 } from './crypto/digest.ts'
export { type EncryptedInvoice, encryptInvoice } from './crypto/encrypted-invoice.ts'
export {
  newSessionKey,
  type SessionKey,
  sessionKeyOf,
  type WrappedSessionKey,
  wrapKey,
} from './crypto/session-key.ts'
export { FORMS, type FormCode, formOfNamespace, type SystemCode } from './documents/form-code.ts'
export type {
  CorrectedInvoice,
  HeaderForm,
  HeaderParty,
  HeaderTotals,
  InvoiceHeader,
  PartyIdentifier,
} from './documents/header/invoice-header.ts'
export { type HeaderReading, readInvoiceHeader } from './documents/header/read-invoice-header.ts'
export {
  type InspectedInvoice,
  type Inspection,
  type InspectionSetting,
  inspectInvoice,
} from './documents/inspect-invoice.ts'
export {
  checkInvoiceBytes,
  INVOICE_WITH_ATTACHMENT_BYTES_MAX,
  tooLarge,
} from './documents/invoice-bytes.ts'
export { INVOICE_FAULTS, type InvoiceFault, type InvoiceFaultCode } from './documents/invoice-fault.ts'
export { hasNipChecksum } from './documents/nip.ts'
export { type InvoiceFacts, type NipAt, type ReadInvoice, readInvoice } from './documents/read-invoice.ts'
export { validateInvoice } from './documents/validate-invoice.ts'
export { KSEF_BASE_URLS, type KsefEnvironment } from './environment.ts'
export { type Actor, type Again, KSEF_ERRORS, type KsefErrorCode } from './error-codes.ts'
export type { DownloadedPart } from './export/decrypted-parts.ts'
export { EXPORT_PROBLEMS, ExportPackageError, type ExportProblem } from './export/package-problem.ts'
export { type DownloadedPackage, type ExportedFile, readExportPackage } from './export/read-export-package.ts'
export { heldBack, type KsefEffect, type KsefFailure, type KsefFailureKind, type Result } from './failure.ts'
export { foreignText } from './foreign-text.ts'
export type { Guard, GuardedCall, KsefCall, KsefHttp, Sink } from './http.ts'
export { COMPANY_PARTICULARS, faultsOfParticulars } from './invoice-data/company-particulars.ts'
export type {
  CompanyParticulars,
  CompletionSetting,
  IssuingCompany,
} from './invoice-data/completion/setting.ts'
export {
  type BuiltInvoice,
  buildInvoice,
  type InvoiceData,
  writeInvoice,
} from './invoice-data/compose-invoice.ts'
export { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES } from './invoice-data/examples.ts'
export type { FaData } from './invoice-data/forms/fa.ts'
export type { FaRrData } from './invoice-data/forms/fa-rr.ts'
export {
  composeFromJson,
  type InvoiceDataInspection,
  inspectInvoiceData,
} from './invoice-data/inspect-invoice-data.ts'
export { INVOICE_FORMS } from './invoice-data/invoice-forms.ts'
export { type InvoiceDataRead, readInvoiceData } from './invoice-data/read-invoice-data.ts'
export { type KsefNumber, ksefNumberCrc, parseKsefNumber, sellerNipOf } from './ksef-number.ts'
export {
  LIMIT_GROUP_OF,
  type LimitCounter,
  type LimitGroup,
  limitCounterOf,
  limitGroupOfCounter,
  PUBLISHED_LIMITS,
  UNBOUND,
} from './limit-groups.ts'
export {
  ALARM_STAGES,
  type Alarm,
  type AlarmStage,
  alarmStateAt,
  alarmsOf,
  type Term,
} from './offline/alarms.ts'
export { type Deadline, deadlineOf, type OfflineInvoice } from './offline/deadline.ts'
export { businessDayAfter, type Holiday, holidaysOf, isBusinessDay } from './offline/holidays.ts'
export { OFFLINE_MODES, type OfflineMode } from './offline/offline-mode.ts'
export { type Outage, type OutageKind, outagesOf } from './offline/outage.ts'
export {
  type Availability,
  FAILED_PROBES_TO_GO_OFFLINE,
  GOOD_PROBES_TO_COME_BACK,
  OWN_CALLS_MIN,
  OWN_CALLS_WINDOW_MS,
  type OwnCalls,
  offlinePolicy,
  PROBE_AGE_MAX_MS,
  PROBE_EVERY_MS,
  type Probe,
  type Sightings,
  speaksOfOutage,
  UNREACHED_SHARE_MAX,
} from './offline/policy.ts'
export {
  type Difference,
  type TechnicalCorrection,
  technicalCorrectionOf,
} from './offline/technical-correction.ts'
export { type KsefOperation, OPERATIONS } from './operations.ts'
export {
  certificateLink,
  type InvoiceToVerify,
  type IssuerContext,
  invoiceLink,
  KodIIKeyError,
  type OfflineCertificate,
  QR_BASE_URLS,
  QR_LABELS,
  type QrCode,
} from './qr/verification-link.ts'
export { refusalCode } from './refusals.ts'
export { Sealed } from './sealed.ts'
export {
  ENROLLMENT_STATUSES,
  EXPORT_STATUSES,
  INVOICE_STATUSES,
  meaningOfEnrollmentStatus,
  meaningOfExportStatus,
  meaningOfInvoiceStatus,
  meaningOfSessionStatus,
  SESSION_STATUSES,
  SIGN_IN_STATUSES,
  type StatusMeaning,
  type StatusOutcome,
} from './status-codes.ts'
export type { SystemWarning } from './system-warning.ts'
export { modeOfReceipt } from './upo/mode-of-receipt.ts'
export type { PageFacts } from './upo/page-facts.ts'
export { type SplitUpo, splitUpo, UPO_REFUSALS, type UpoExcerpt, type UpoRefusal } from './upo/split-upo.ts'
