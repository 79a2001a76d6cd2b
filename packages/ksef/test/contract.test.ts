// What we send and read against the official OpenAPI file: every request body we build keeps its schema, every
// example of an answer is understood, and no path or code of the tables is invented.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { AuthSessionsResponse } from '../src/api/auth-sessions.ts'
import { OpenBatchSessionResponse } from '../src/api/batch-session.ts'
import {
  EnrollCertificateResponse,
  EnrollmentDataResponse,
  EnrollmentStatusResponse,
} from '../src/api/certificate-enrollments.ts'
import { ExportInvoicesResponse, InvoiceExportStatusResponse } from '../src/api/invoice-exports.ts'
import { metadataFilters, QueryInvoicesMetadataResponse } from '../src/api/invoices.ts'
import { QueryCertificatesResponse, RetrieveCertificatesResponse } from '../src/api/issued-certificates.ts'
import { ContextLimitsResponse, RateLimitsResponse } from '../src/api/limits.ts'
import { OpenOnlineSessionResponse, SendInvoiceResponse } from '../src/api/online-session.ts'
import { PersonalPermissionsResponse } from '../src/api/permissions.ts'
import { PublicKeyCertificates } from '../src/api/public-keys.ts'
import { SessionsQueryResponse } from '../src/api/session-list.ts'
import {
  SessionInvoiceResponse,
  SessionInvoicesResponse,
  SessionStatusResponse,
} from '../src/api/sessions.ts'
import {
  ChallengeResponse,
  RefreshResponse,
  SignInStartedResponse,
  SignInStatusResponse,
  TokensResponse,
} from '../src/api/sign-in.ts'
import { GenerateTokenResponse, TokenStatusResponse, TokensListResponse } from '../src/api/tokens.ts'
import {
  createCertificationRequest,
  createKsefClient,
  createSelfSignedCertificate,
  ENROLLMENT_STATUSES,
  EXPORT_STATUSES,
  encryptInvoice,
  FORMS,
  INVOICE_STATUSES,
  type KsefClient,
  type KsefOperation,
  newSessionKey,
  OPERATIONS,
  SESSION_STATUSES,
  Sealed,
  SIGN_IN_STATUSES,
  TOKEN_PERMISSIONS,
} from '../src/index.ts'
import { REFUSALS } from '../src/refusals.ts'
import { json, startLocalServer } from './local-server.ts'

const directory = process.env['KSEF_CONTRACT_DIR']
if (directory === undefined)
  console.warn('SKIPPED, KSEF_CONTRACT_DIR is not set: everything against the official contract')

const Json = z.record(z.string(), z.unknown())
type Json = z.infer<typeof Json>
const contract: Json =
  directory === undefined
    ? {}
    : Json.parse(JSON.parse(readFileSync(join(directory, 'open-api.json'), 'utf8')))

/** A member deep inside the contract, which must be there. */
const at = (...path: string[]): Json =>
  Json.parse(path.reduce<unknown>((value, name) => Json.parse(value)[name], contract))
const operationOf = (operation: KsefOperation): Json => {
  const { method, path } = OPERATIONS[operation]
  return at('paths', path ?? '', method.toLowerCase())
}

/** The bodies of successful answers: the examples, several of which may be given by name. */
function examplesOf(operation: KsefOperation): unknown[] {
  const responses = Json.parse(operationOf(operation)['responses'])
  const success = Object.entries(responses).find(([code]) => code.startsWith('2'))?.[1]
  const content = Json.parse(Json.parse(Json.parse(success)['content'])['application/json'])
  const named = Object.values(Json.parse(content['examples'] ?? {})).map(
    (example) => Json.parse(example)['value'],
  )
  return content['example'] === undefined ? named : [content['example'], ...named]
}

const READERS: [KsefOperation, z.ZodType][] = [
  ['requestChallenge', ChallengeResponse],
  ['signInWithXades', SignInStartedResponse],
  ['signInWithToken', SignInStartedResponse],
  ['getSignInStatus', SignInStatusResponse],
  ['redeemTokens', TokensResponse],
  ['refreshAccessToken', RefreshResponse],
  ['listPublicKeys', PublicKeyCertificates],
  ['openOnlineSession', OpenOnlineSessionResponse],
  ['sendInvoice', SendInvoiceResponse],
  ['openBatchSession', OpenBatchSessionResponse],
  ['listSessions', SessionsQueryResponse],
  ['getSessionStatus', SessionStatusResponse],
  ['listSessionInvoices', SessionInvoicesResponse],
  ['getSessionInvoice', SessionInvoiceResponse],
  ['queryInvoiceMetadata', QueryInvoicesMetadataResponse],
  ['startInvoiceExport', ExportInvoicesResponse],
  ['getInvoiceExport', InvoiceExportStatusResponse],
  ['listAuthSessions', AuthSessionsResponse],
  ['generateKsefToken', GenerateTokenResponse],
  ['listKsefTokens', TokensListResponse],
  ['getKsefTokenStatus', TokenStatusResponse],
  ['listPersonalGrants', PersonalPermissionsResponse],
  ['getEnrollmentData', EnrollmentDataResponse],
  ['enrollCertificate', EnrollCertificateResponse],
  ['getEnrollmentStatus', EnrollmentStatusResponse],
  ['retrieveCertificates', RetrieveCertificatesResponse],
  ['queryCertificates', QueryCertificatesResponse],
  ['getContextLimits', ContextLimitsResponse],
  ['getRateLimits', RateLimitsResponse],
]

/** OpenAPI 3.0 says `nullable`, which JSON Schema does not know; we never send null. */
const withoutNullable = (schema: unknown): Json =>
  JSON.parse(JSON.stringify(schema, (name, value: unknown) => (name === 'nullable' ? undefined : value)))

/** Formats are left to the patterns beside them; one pattern escapes a space, which Unicode mode forbids. */
function validatorOf(operation: KsefOperation): (body: unknown) => string[] {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false })
  ajv.addSchema({ $id: 'contract', components: withoutNullable(contract['components']) })
  const schema = Json.parse(
    Json.parse(Json.parse(Json.parse(operationOf(operation)['requestBody'])['content'])['application/json'])[
      'schema'
    ],
  )
  const rooted = withoutNullable(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/')))
  const validate = ajv.compile(rooted)
  return (body) =>
    validate(body) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)
}

/** The codes listed in the Markdown tables of a description. */
const codesIn = (description: unknown): number[] =>
  [...String(description).matchAll(/^\s*\|\s*(\d{3,5})\s*\|/gm)].map((match) => Number(match[1]))

describe.skipIf(directory === undefined)('the official contract', () => {
  test.each((Object.keys(OPERATIONS) as KsefOperation[]).filter((name) => OPERATIONS[name].path !== null))(
    '%s is an operation of it',
    (operation) => {
      expect(operationOf(operation)['responses']).toBeDefined()
    },
  )

  test.each(READERS)('every example of an answer to %s is read', (operation, schema) => {
    const examples = examplesOf(operation)
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) expect(schema.safeParse(example).error?.issues ?? []).toEqual([])
  })

  test.each(READERS)('members nobody announced do not disturb the reading of %s', (operation, schema) => {
    for (const example of examplesOf(operation)) {
      const grown = Array.isArray(example)
        ? example.map((one) => ({ ...Json.parse(one), news: 1 }))
        : { ...Json.parse(example), news: { of: [1] } }
      expect(schema.safeParse(grown).success).toBe(true)
    }
  })

  test('every refusal it lists for our operations has a name, and we list none it lacks', () => {
    // 21184 came with 2.8.0; the codes of the older answer form are listed by other operations.
    const later = new Set([21184])
    for (const operation of Object.keys(REFUSALS) as KsefOperation[]) {
      const responses = Json.parse(operationOf(operation)['responses'])
      const listed = new Set(codesIn(Json.parse(responses['400'])['description']))
      listed.delete(21405)
      const ours = new Set(Object.keys(REFUSALS[operation] ?? {}).map(Number))
      expect(
        [...listed].filter((code) => !ours.has(code)),
        `${operation} lacks`,
      ).toEqual([])
      const invented = [...ours].filter((code) => !listed.has(code) && !later.has(code))
      expect(invented, `${operation} invents`).toEqual(INHERITED[operation] ?? [])
    }
  })

  test.each([
    ['SessionInvoiceStatusResponse', INVOICE_STATUSES],
    ['SessionStatusResponse', SESSION_STATUSES],
    ['CertificateEnrollmentStatusResponse', ENROLLMENT_STATUSES],
    ['InvoiceExportStatusResponse', EXPORT_STATUSES],
    ['AuthenticationOperationStatusResponse', SIGN_IN_STATUSES],
  ])('the statuses of %s are those of our table', (schema, table) => {
    const listed = new Set(
      codesIn(at('components', 'schemas', schema, 'properties', 'status')['description']),
    )
    // 400 stands in the examples of a sign-in and not in its table.
    const ours = Object.keys(table)
      .map(Number)
      .filter((code) => code !== 400 || table !== SIGN_IN_STATUSES)
    expect(ours.sort()).toEqual([...listed].sort())
  })

  test('the bodies we send keep the schemas of their requests', async () => {
    const bodies = await sentBodies()
    expect([...bodies.keys()].sort()).toEqual([
      'enrollCertificate',
      'generateKsefToken',
      'listPersonalGrants',
      'openBatchSession',
      'openOnlineSession',
      'queryCertificates',
      'queryInvoiceMetadata',
      'retrieveCertificates',
      'revokeCertificate',
      'sendInvoice',
      'signInWithToken',
      'startInvoiceExport',
    ])
    for (const [operation, body] of bodies) expect(validatorOf(operation)(body), operation).toEqual([])
  })

  test('the validator of this test notices a wrong body', () => {
    expect(validatorOf('sendInvoice')({ invoiceHash: 'short', invoiceSize: 0 })).not.toEqual([])
  })
})

/** Codes we name where the contract lists them for a sister operation only; seen in practice or harmless. */
const INHERITED: { [operation in KsefOperation]?: number[] } = {
  getSessionInvoice: [21173],
  getInvoiceUpo: [21173, 21178],
}

const SERIAL = '0321C82DA41B4362'

async function askForCertificates(client: KsefClient, access: Sealed<string>): Promise<void> {
  const subject = { commonName: 'Firma', countryName: 'PL', organizationIdentifier: 'VATPL-5265877635' }
  const { csr } = await createCertificationRequest({ subject })
  const enrollment = { certificateName: 'Flota 1', certificateType: 'Authentication', csr } as const
  await client.certificates.enroll(access, { ...enrollment, validFrom: new Date(0) })
  await client.certificates.query(access, {
    certificateSerialNumber: SERIAL,
    name: 'Flota',
    type: 'Offline',
    status: 'Active',
    expiresAfter: new Date(0),
  })
  await client.certificates.retrieve(access, [SERIAL])
  await client.certificates.revoke(access, SERIAL, 'Superseded')
}

/** Lets the client make each of its requests with a JSON body against a server that only takes notes. */
async function sentBodies(): Promise<Map<KsefOperation, unknown>> {
  const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
  const made = await createSelfSignedCertificate({
    nip: '1111111111',
    name: 'Ministerstwo',
    algorithm: 'rsa',
    ...validity,
  })
  const published = {
    certificate: made.certificatePem.replace(/-----[^-]+-----|\s/g, ''),
    usage: ['KsefTokenEncryption', 'SymmetricKeyEncryption'],
    validFrom: '2020-01-01T00:00:00+00:00',
    validTo: '2090-01-01T00:00:00+00:00',
  }
  await using server = await startLocalServer({
    'GET /security/public-key-certificates': json(200, [published]),
    'POST /auth/challenge': json(200, { challenge: '20250625-CR-2FDC223000-C2BFC98A9C-4E', timestampMs: 1 }),
  })
  const client = createKsefClient({ baseUrl: server.url })
  const [access, key] = [new Sealed('access'), newSessionKey(randomBytes)]
  await client.signIn.withToken({ context: { type: 'Nip', value: '5265877635' }, token: access })
  await client.onlineSession.open(access, { formCode: FORMS['FA (3)'].code, key })
  const file = { fileSize: 16037, fileHash: 'WO86CC+1Lef11wEosItld/NPwxGN8tobOMLqk9PQjgs=' }
  await client.batchSession.open(access, {
    formCode: FORMS['FA (3)'].code,
    key,
    package: { ...file, compressionType: 'TarGz', parts: [{ ...file, ordinalNumber: 1 }] },
    offlineMode: true,
  })
  const options = {
    offlineMode: true,
    hashOfCorrectedInvoice: 'EbrK4cOSjW4hEpJaHU71YXSOZZmqP5++dK9nLgTzgV4=',
  }
  await client.onlineSession.sendInvoice(access, 'S', {
    ...encryptInvoice(Buffer.from('<x/>'), key),
    ...options,
  })
  const dateRange = { dateType: 'PermanentStorage', from: new Date(0), to: new Date(1) } as const
  const query = {
    subjectType: 'Subject1',
    dateRange,
    ksefNumber: '5265877635-20250826-0100001AF629-AF',
    sellerNip: '5265877635',
    invoiceNumber: 'FV/1',
  } as const
  expect(metadataFilters(query)).toBeDefined()
  await client.invoices.metadata(access, query)
  await client.invoiceExports.start(access, {
    filters: { ...query, dateRange: { ...dateRange, restrictToPermanentStorageHwmDate: true } },
    key,
    compressionType: 'TarGz',
    onlyMetadata: true,
  })
  await client.tokens.generate(access, { permissions: [...TOKEN_PERMISSIONS], description: 'Token floty' })
  await askForCertificates(client, access)
  await client.permissions.personalGrants(access, {
    contextIdentifier: { type: 'Nip', value: '5265877635' },
    permissionTypes: ['InvoiceRead'],
    permissionState: 'Active',
  })
  await client.close()
  const body = (path: string): unknown => JSON.parse(server.seenAt(path)[0]?.body ?? 'null')
  return new Map<KsefOperation, unknown>([
    ['signInWithToken', body('POST /auth/ksef-token')],
    ['openBatchSession', body('POST /sessions/batch')],
    ['openOnlineSession', body('POST /sessions/online')],
    ['sendInvoice', body('POST /sessions/online/S/invoices')],
    ['enrollCertificate', body('POST /certificates/enrollments')],
    ['queryCertificates', body('POST /certificates/query')],
    ['retrieveCertificates', body('POST /certificates/retrieve')],
    ['revokeCertificate', body(`POST /certificates/${SERIAL}/revoke`)],
    ['generateKsefToken', body('POST /tokens')],
    ['listPersonalGrants', body('POST /permissions/query/personal/grants')],
    ['queryInvoiceMetadata', body('POST /invoices/query/metadata')],
    ['startInvoiceExport', body('POST /invoices/exports')],
  ])
}
