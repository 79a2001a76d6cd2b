export { type AccessTokenClaims, decodeAccessToken, lifeSecondsOf } from './access-token.ts'
export type { AuthSession, AuthSessions } from './api/auth-sessions.ts'
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
export type { ContextLimits, Limits, RateLimit, RateLimits, SessionLimits } from './api/limits.ts'
export type { OnlineSession, OnlineSessions, SendOptions } from './api/online-session.ts'
export type {
  GrantedPermission,
  NamedIdentifier,
  Permissions,
  PersonalGrantsFilter,
} from './api/permissions.ts'
export type { PublicKey, PublicKeys, PublicKeyUsage } from './api/public-keys.ts'
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
export type { WireStatus } from './api/wire.ts'
export type { ContextIdentifier, SubjectIdentifierType } from './auth/auth-token-request.ts'
export {
  type CertificateSource,
  type KeyAlgorithm,
  loadCertificate,
  type SigningCertificate,
} from './auth/certificate.ts'
export { CERTIFICATE_PROBLEMS, CertificateError, type CertificateProblem } from './auth/certificate-error.ts'
export { type CertificateFacts, certificateFacts } from './auth/certificate-facts.ts'
export { type CertificationRequest, createCertificationRequest } from './auth/certification-request.ts'
export { createSelfSignedCertificate, type SelfSignedRequest } from './auth/self-signed-certificate.ts'
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
export {
  type InspectedInvoice,
  type Inspection,
  type InspectionSetting,
  inspectInvoice,
} from './documents/inspect-invoice.ts'
export { checkInvoiceBytes } from './documents/invoice-bytes.ts'
export { INVOICE_FAULTS, type InvoiceFault, type InvoiceFaultCode } from './documents/invoice-fault.ts'
export { hasNipChecksum } from './documents/nip.ts'
export { type InvoiceFacts, type NipAt, type ReadInvoice, readInvoice } from './documents/read-invoice.ts'
export { validateInvoice } from './documents/validate-invoice.ts'
export { KSEF_BASE_URLS, type KsefEnvironment } from './environment.ts'
export { type Actor, type Again, KSEF_ERRORS, type KsefErrorCode } from './error-codes.ts'
export type { KsefEffect, KsefFailure, KsefFailureKind, Result } from './failure.ts'
export { type KsefNumber, ksefNumberCrc, parseKsefNumber, sellerNipOf } from './ksef-number.ts'
export { type KsefOperation, OPERATIONS } from './operations.ts'
export { Sealed } from './sealed.ts'
export {
  ENROLLMENT_STATUSES,
  INVOICE_STATUSES,
  meaningOfEnrollmentStatus,
  meaningOfInvoiceStatus,
  meaningOfSessionStatus,
  SESSION_STATUSES,
  SIGN_IN_STATUSES,
  type StatusMeaning,
  type StatusOutcome,
} from './status-codes.ts'
export type { SystemWarning } from './system-warning.ts'
