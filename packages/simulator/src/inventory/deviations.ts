import { AMENDMENTS } from '../contract-amendments.ts'
import { UNIMPLEMENTED } from '../routes/unimplemented.ts'

/** Where this simulator knowingly departs from the official texts, and why. A departure that is not here is a bug. */
export type Deviation = { operation: string; departs: string; because: string }

const CHOSEN: readonly Deviation[] = [
  {
    operation: 'GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}',
    departs: 'UPO carries no signature, in this and every other download of one.',
    because:
      'Only the Ministry can sign as the Ministry; the schema of UPO 4-3 does not ask for a signature.',
  },
  {
    operation: 'POST /auth/xades-signature',
    departs: 'verifyCertificateChain=true always ends in status 460.',
    because: 'The simulator trusts no issuer but its own, so no foreign chain can be verified.',
  },
  {
    operation: 'POST /auth/xades-signature',
    departs: 'Digests and signatures with SHA-1 are refused.',
    because: 'The published list of algorithms does not name SHA-1.',
  },
  {
    operation: 'POST /sessions/online/{referenceNumber}/invoices',
    departs:
      'Checksums of NIP numbers are enforced only in a session opened with X-KSeF-Feature: subject-identifier-validation.',
    because: 'The environment TEST does not enforce them either (srodowiska.md); only production does.',
  },
  {
    operation: 'POST /sessions/online',
    departs: 'Only FA (2), FA (3) and FA_RR (1) are taken; PEF and PEF_KOR answer 21405.',
    because: 'Peppol invoices come with the operations of Peppol providers, which answer 501.',
  },
  {
    operation: 'POST /invoices/query/metadata',
    departs: 'permanentStorageHwmDate is the mark of each request, not one for all pages of a query.',
    because:
      'Pages carry no token that would tie them to one query; only the mark of the first page is safe to keep.',
  },
  {
    operation: 'POST /sessions/online/{referenceNumber}/invoices',
    departs: 'A technical correction of an invoice that never arrived is taken.',
    because:
      'The texts refuse corrections of accepted and of corrected invoices (21167, 21166) and name no third case.',
  },
  {
    operation: 'POST /sessions/online/{referenceNumber}/invoices',
    departs:
      'Who issues for another is checked for self-invoicing, invoices RR and tax representatives, not for local government units, VAT groups and enforcement bodies.',
    because: 'Their relations come with the permissions of subunits and authorizations, which answer 501.',
  },
  {
    operation: 'POST /sessions/batch',
    departs:
      'The storage takes a part of any content; a wrong size shows at closing (21157), a wrong hash as status 405.',
    because:
      'Sizes are named among the errors of closing, and no error of an upload is documented beyond its HTTP status.',
  },
  {
    operation: 'GET /invoices/exports/{referenceNumber}',
    departs: 'An export of nothing has no parts, and so no _metadata.json.',
    because: 'The texts say what a package holds and not whether one is made of no invoices.',
  },
  {
    operation: 'POST /sessions/batch',
    departs: 'A package may unfold into 10 GB at most; beyond that its session ends in 430.',
    because: 'The texts name no number; this one protects the machine from an archive made to harm.',
  },
]

const missing: Deviation[] = UNIMPLEMENTED.map((operation) => ({
  operation,
  departs: 'Answers 501 with a problem that names the operation; the contract declares no 501.',
  because: 'Sending, receiving and the credentials of a provider do not need it; it is left for later.',
}))

const OPERATIONS_OF_SCHEMA: Readonly<Record<string, string>> = {
  EffectiveContextLimits: 'GET /limits/context',
  EffectiveApiRateLimits: 'GET /rate-limits',
  InvoiceExportStatusResponse: 'GET /invoices/exports/{referenceNumber}',
}

const amended: Deviation[] = AMENDMENTS.map(({ schema, member, since }) => ({
  operation: OPERATIONS_OF_SCHEMA[schema] ?? schema,
  departs: `Answers carry ${schema}.${member}.`,
  because: `KSeF ${since} added it after the OpenAPI file of 2.7.0.`,
}))

export const DEVIATIONS: readonly Deviation[] = [...CHOSEN, ...amended, ...missing]
