import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { startSimulator } from '@ksef-fleet/simulator'
import { CertificateService, createZip, KSeFClient, uploadBatch } from 'ksef-client-ts'
import {
  ParseOption,
  XmlBufferInputProvider,
  XmlDocument,
  XsdValidator,
  xmlRegisterInputProvider,
} from 'libxml2-wasm'
import { Pool } from 'undici'
import { cpuMsOf, type Report, rounded } from './report.ts'

/**
 * The simulator must not be what a benchmark of the fleet measures: this says what it costs. A foreign client sends
 * one full batch; the CPU of client and server together is counted from opening to outcome, XSD validation included.
 */
const NIP = '5265877635'
const INVOICES = 10_000
const BATCH_CPU_MS_MAX = 15_000
const STATUS_SECONDS = 3
const CONNECTIONS = 10

const say = (text: string): void => void process.stderr.write(`${text}\n`)

function invoices(): Uint8Array[] {
  const issueDate = new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })
  return Array.from({ length: INVOICES }, (_, index) =>
    sampleInvoice({
      form: 'FA (3)',
      sellerNip: NIP,
      buyerNip: '7980332920',
      number: `B/${index + 1}`,
      issueDate,
    }),
  )
}

const SCHEMAS = new URL('../../../simulator/schemas/', import.meta.url)
const IMPORT_BASE = 'http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/'
const IMPORTED = ['StrukturyDanych', 'ElementarneTypyDanych', 'KodyKrajow'].map(
  (name) => `${name}_v10-0E.xsd`,
)

/** Inflating, hashing, parsing and validating, in a bare loop: what any server must do for each invoice. */
async function floorMs(xmls: readonly Uint8Array[]): Promise<number> {
  const buffers = IMPORTED.map((name) => [IMPORT_BASE + name, readFileSync(new URL(name, SCHEMAS))])
  xmlRegisterInputProvider(new XmlBufferInputProvider(Object.fromEntries(buffers)))
  const schemaFile = readFileSync(new URL('schemat_FA(3)_v1-0E.xsd', SCHEMAS))
  using schema = XmlDocument.fromBuffer(schemaFile, { option: ParseOption.XML_PARSE_NONET })
  using validator = XsdValidator.fromDoc(schema)
  const deflated = xmls.map((xml) => deflateRawSync(xml))
  return cpuMsOf(() => {
    for (const bytes of deflated) {
      const xml = inflateRawSync(bytes)
      createHash('sha256').update(xml).digest('base64')
      using document = XmlDocument.fromBuffer(xml)
      validator.validate(document)
    }
  })
}

async function signedIn(url: string): Promise<KSeFClient> {
  const seal = await CertificateService.generateCompanySeal('Tartak', `VATPL-${NIP}`, 'Tartak', 'ECDSA')
  const client = new KSeFClient({ baseUrl: url.replace(/\/v2$/, '') })
  await client.crypto.init()
  await client.loginWithCertificate(seal.certificatePem, seal.privateKeyPem, NIP)
  return client
}

/** Requests a second that several connections get through; their client runs in the same process. */
async function statusRate(url: string, client: KSeFClient, sessionRef: string): Promise<number> {
  const authorization = `Bearer ${client.authManager.getAccessToken()}`
  const pool = new Pool(new URL(url).origin, { connections: CONNECTIONS })
  const began = performance.now()
  let answered = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() - began < STATUS_SECONDS * 1000) {
        const path = `/v2/sessions/${sessionRef}`
        const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { authorization } })
        await body.dump()
        if (statusCode !== 200) throw new Error(`GET ${path} answered ${statusCode}`)
        answered += 1
      }
    }),
  )
  const seconds = (performance.now() - began) / 1000
  await pool.close()
  return answered / seconds
}

export async function benchSimulator(): Promise<Report> {
  const xmls = invoices()
  const archive = await createZip(xmls.map((content, index) => ({ fileName: `${index}.xml`, content })))
  say(`${INVOICES} invoices of ${xmls[0]?.length} bytes, ${archive.length} bytes as Zip`)
  const floor = await floorMs(xmls)
  say(`bare loop: ${Math.round(floor)} ms of CPU`)
  await using simulator = await startSimulator()
  const client = await signedIn(simulator.url)
  let sessionRef = ''
  let accepted = 0
  const batch = await cpuMsOf(async () => {
    const pollOptions = { intervalMs: 200, maxAttempts: 1000 }
    const sent = await uploadBatch(client, archive, { pollOptions })
    sessionRef = sent.sessionRef
    accepted = sent.upo.successfulInvoiceCount ?? 0
  })
  if (accepted !== INVOICES) throw new Error(`${accepted} of ${INVOICES} invoices were accepted`)
  say(`batch: ${Math.round(batch)} ms of CPU`)
  const rate = await statusRate(simulator.url, client, sessionRef)
  say(`session status: ${Math.round(rate)} requests a second`)
  return {
    bench: 'simulator',
    ok: batch <= BATCH_CPU_MS_MAX,
    figures: {
      batchInvoices: INVOICES,
      batchCpuMs: Math.round(batch),
      batchCpuMsPerInvoice: rounded(batch / INVOICES),
      sessionStatusRequestsPerSecond: Math.round(rate),
    },
    floors: { batchCpuMsPerInvoice: rounded(floor / INVOICES) },
    targets: { batchCpuMsPerInvoiceMax: rounded(BATCH_CPU_MS_MAX / INVOICES) },
  }
}
