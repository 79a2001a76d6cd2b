/** Companies of a storm, each in its own context; some sign in with a KSeF token, and each has a rival system. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createKsefClient,
  encryptInvoice,
  FORMS,
  hasNipChecksum,
  loadCertificate,
  newSessionKey,
  type Result,
} from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { type ApiClient, apiClient, type CompanyView, type IntegrationView } from '../../fleet/api-client.ts'
import { sealOf } from '../../fleet/demo-company.ts'
import { tokenOf } from '../../fleet/token-of.ts'
import { countRequests } from './counted-requests.ts'
import type { Stack } from './stack.ts'

export type StormCompany = {
  id: string
  nip: string
  credentialSecret: string
  /** Signs in with a seal, and not with a token of KSeF's. */
  hasSeal: boolean
  /** Has the published limits, and may have to wait for room in them. */
  isNarrow: boolean
}

/** Every so many companies sign in with a token instead of their seal. */
const TOKEN_EVERY = 5
const NARROW_EVERY = 10
const AT_ONCE = 4
const FIRST_NIP = 526_000_000
const CONNECT_MS = 90_000
const REPLACED_MS = 10_000
const AGAIN_MS = 200

export const today = (): string => new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })

/** NIPs with a right checksum, in order. */
function nips(count: number): string[] {
  const found: string[] = []
  for (let stem = FIRST_NIP; found.length < count; stem++) {
    for (let digit = 0; digit < 10; digit++)
      if (hasNipChecksum(`${stem}${digit}`)) found.push(`${stem}${digit}`)
  }
  return found.slice(0, count)
}

export async function connectCompanies(stack: Stack, count: number): Promise<StormCompany[]> {
  const api = apiClient(stack.apiUrl, stack.apiKey)
  const waiting = nips(count).map((nip, index) => ({
    nip,
    withToken: index % TOKEN_EVERY === TOKEN_EVERY - 1,
    isNarrow: index % NARROW_EVERY === NARROW_EVERY - 2,
  }))
  const connected: StormCompany[] = []
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      connected.push(await connectCompany(stack, api, next))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return connected.sort((a, b) => a.nip.localeCompare(b.nip))
}

async function connectCompany(
  stack: Stack,
  api: ApiClient,
  { nip, withToken, isNarrow }: { nip: string; withToken: boolean; isNarrow: boolean },
): Promise<StormCompany> {
  const name = `Firma ${nip}`
  const seal = await sealOf(nip, name)
  await countRequests(stack.ksefUrl, { nip, seal, isNarrow })
  const { body: company } = await api.post<CompanyView>('/v1/companies', { nip, name })
  const token = withToken ? await tokenOf(nip, { seal, ksefUrl: stack.ksefUrl }) : null
  const credential = token === null ? { type: 'certificate', ...seal } : { type: 'token', token }
  const path = `/v1/companies/${company.id}/integrations`
  const { body: integration } = await api.post<IntegrationView>(path, { credential })
  const settled = await api.until<IntegrationView>(
    `${path}/${integration.id}`,
    ({ state }) => state === 'active' || state === 'failed',
    CONNECT_MS,
  )
  if (settled.state !== 'active')
    throw new Error(`${nip} was not connected: ${JSON.stringify(settled.failure)}`)
  const credentialSecret = token ?? secretOf(seal)
  return { id: company.id, nip, credentialSecret, hasSeal: !withToken, isNarrow }
}

/**
 * Another seal takes the place of the company's, with invoices on their way. Asked again while nobody answers; what was taken then
 * is under way already.
 *
 * @returns what the new one is known by
 */
export async function replaceCredential(stack: Stack, company: StormCompany): Promise<string> {
  const api = apiClient(stack.apiUrl, stack.apiKey)
  const path = `/v1/companies/${company.id}/credentials`
  const seal = await sealOf(company.nip, `Firma ${company.nip}`)
  const supplied = { type: 'certificate', ...seal }
  const until = Date.now() + REPLACED_MS
  const replace = async (): Promise<number> => {
    const { body } = await api.get<{ credentials: { id: string }[] }>(path)
    return (await api.post(`${path}/${body.credentials[0]?.id}/rotate`, { supplied })).status
  }
  for (let isFirst = true; ; isFirst = false) {
    const status = await replace().catch(() => 503)
    if (status === 202 || (status === 409 && !isFirst)) return secretOf(seal)
    if (status < 500 || Date.now() > until) throw new Error(`no other credential was taken: ${status}`)
    await sleep(AGAIN_MS)
  }
}

/** A line of the key itself. */
const secretOf = ({ privateKeyPem }: { privateKeyPem: string }): string => privateKeyPem.split('\n')[1] ?? ''

/**
 * The same seller's other system registers documents under these numbers, so that the fleet's own ones are duplicates of
 * another document and must end rejected.
 */
export async function registerElsewhere(
  stack: Stack,
  { nip, numbers }: { nip: string; numbers: readonly string[] },
): Promise<void> {
  if (numbers.length === 0) return
  const ksef = createKsefClient({ baseUrl: stack.ksefUrl })
  const certificate = loadCertificate(await sealOf(nip, `Inny system ${nip}`))
  const access = given(
    await ksef.signIn.withCertificate({ context: { type: 'Nip', value: nip }, certificate }),
  ).accessToken.token
  const key = newSessionKey((length) =>
    createHash('sha512').update(`${nip} ${Math.random()}`).digest().subarray(0, length),
  )
  const { referenceNumber } = given(
    await ksef.onlineSession.open(access, { formCode: FORMS['FA (3)'].code, key }),
  )
  for (const number of numbers) {
    const xml = invoiceOf(nip, { number, buyerNip: '7980332920' })
    given(await ksef.onlineSession.sendInvoice(access, referenceNumber, encryptInvoice(xml, key)))
  }
  given(await ksef.onlineSession.close(access, referenceNumber))
  await ksef.close()
}

export const invoiceOf = (sellerNip: string, of: { number: string; buyerNip?: string }): Uint8Array =>
  sampleInvoice({
    form: 'FA (3)',
    sellerNip,
    buyerNip: of.buyerNip ?? '1111111111',
    number: of.number,
    issueDate: today(),
  })

function given<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`KSeF refused: ${result.failure.code}`)
  return result.value
}
