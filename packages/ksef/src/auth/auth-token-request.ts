import { xmlText } from '../xml-text.ts'

/** For whom one signs in: a NIP, an internal identifier of a unit, or a NIP with an EU VAT number. */
export type ContextIdentifier = { readonly type: 'Nip' | 'InternalId' | 'NipVatUe'; readonly value: string }

/** How KSeF recognises the signer: by an attribute of the certificate's subject, or by its fingerprint. */
export type SubjectIdentifierType = 'certificateSubject' | 'certificateFingerprint'

const NAMESPACE = 'http://ksef.mf.gov.pl/auth/token/2.1'

/** The document to sign for `POST /auth/xades-signature`, by schema 2.1 (uwierzytelnianie.md). */
export const authTokenRequest = (request: {
  readonly challenge: string
  readonly context: ContextIdentifier
  readonly subjectIdentifierType: SubjectIdentifierType
}): string =>
  [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<AuthTokenRequest xmlns="${NAMESPACE}">`,
    `<Challenge>${xmlText(request.challenge)}</Challenge>`,
    `<ContextIdentifier><${request.context.type}>${xmlText(request.context.value)}</${request.context.type}></ContextIdentifier>`,
    `<SubjectIdentifierType>${request.subjectIdentifierType}</SubjectIdentifierType>`,
    '</AuthTokenRequest>',
  ].join('')
