/**
 * A crowd as a caller sees it: 10,000 single POSTs of one company, under KSeF's production limits, until each invoice has its
 * KSeF number and its receipt is stored. Beside it, in the same run, what cannot be left out (XSD, SHA-256, gzip and AES of
 * the same files in a bare loop), and the same invoices sent by hand, as one batch, by a client that nobody here wrote.
 */
import { createCipheriv, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { FORMS, sha256Base64, validateInvoice } from '@ksef-fleet/ksef'
import { CertificateService, createTarGz, KSeFClient, uploadBatch } from 'ksef-client-ts'
import pg from 'pg'
import type { FleetProcess } from '../fleet/fleet-process.ts'
import {
  type BenchFleet,
  connectCompanies,
  invoiceSeries,
  loadAverage,
  metricOf,
  postInvoices,
  say,
  startBenchFleet,
} from './fleet-of-companies.ts'
import { cpuMsOf, type Report, rounded } from './report.ts'

const INVOICES = 10_000
const LOOK_MS = 500
const STALLED_MS = 300_000
const PROCESSING_MS = 200
const MIB = 1024 * 1024
const FORM = FORMS['FA (3)'].code
const BY_HAND_NIP = '5260250274'
const TARGETS = { secondsMax: 60, lostMax: 0, twiceMax: 0, rateLimitedMax: 0 }

/** Of several programs together, by what they tell of themselves. */
const cpuSecondsOf = async (programs: readonly FleetProcess[]): Promise<number> =>
  (await Promise.all(programs.map(({ origin }) => metricOf(origin, 'process_cpu_seconds_total')))).reduce(
    (sum, seconds) => sum + seconds,
    0,
  )

type Ledger = {
  accepted: readonly { sellerNip?: string; ksefNumber?: string }[]
  operations: Readonly<Record<string, number>>
}
type Call = { operation: string; httpStatus: number }

async function askSimulator<T>({ fleet }: BenchFleet, path: string): Promise<T> {
  const answer = await fetch(`${fleet.simulatorUrl}/_simulator${path}`)
  if (!answer.ok) throw new Error(`the simulator answered ${answer.status}`)
  return (await answer.json()) as T
}

type Progress = { registered: number; receipted: number }

async function progressOf(client: pg.Client, company: string): Promise<Progress> {
  const { rows } = await client.query<Progress>(
    `select count(*) filter (where ksef_number is not null)::int as registered,
            count(*) filter (where state = 'receipted')::int as receipted
       from submissions where company_id = $1`,
    [company],
  )
  return rows[0] ?? { registered: 0, receipted: 0 }
}

type Crowd = { seconds: number; postedSeconds: number; peakMib: number; cpuMsPerInvoice: number }

async function sendCrowd(
  { api, fleet }: BenchFleet,
  client: pg.Client,
  company: { id: string; nip: string },
): Promise<Crowd> {
  const programs = [fleet.api, ...fleet.workers]
  const cpuBefore = await cpuSecondsOf(programs)
  const began = performance.now()
  const since = () => (performance.now() - began) / 1000
  let postedSeconds = 0
  const posting = postInvoices(
    api,
    company,
    'D',
  )(INVOICES).then(() => {
    postedSeconds = since()
  })
  let peak = 0
  let last = { registered: 0, receipted: 0, at: began }
  for (;;) {
    await sleep(LOOK_MS)
    const memory = fleet.workers.map(({ origin }) => metricOf(origin, 'process_resident_memory_bytes'))
    peak = Math.max(peak, ...(await Promise.all(memory)))
    const { registered, receipted } = await progressOf(client, company.id)
    if (receipted !== last.receipted || registered !== last.registered) {
      say(`${since().toFixed(1)} s: ${registered} registered, ${receipted} receipted`)
      last = { registered, receipted, at: performance.now() }
    }
    if (receipted >= INVOICES) break
    if (performance.now() - last.at > STALLED_MS) throw new Error(`stalled at ${JSON.stringify(last)}`)
  }
  await posting
  const seconds = since()
  const cpuMs = ((await cpuSecondsOf(programs)) - cpuBefore) * 1000
  return { seconds, postedSeconds, peakMib: peak / MIB, cpuMsPerInvoice: cpuMs / INVOICES }
}

/** The work on the same files that nobody can leave out, in a bare loop; its CPU in ms an invoice. */
async function floorOf(nip: string): Promise<number> {
  const next = invoiceSeries(nip, 'F')
  const files = Array.from({ length: INVOICES }, next)
  const first = files[0]
  if (first === undefined || validateInvoice(first, FORM).length > 0) throw new Error('the sample is invalid')
  const [key, vector] = [randomBytes(32), randomBytes(16)]
  const ms = await cpuMsOf(() => {
    for (const file of files) {
      if (validateInvoice(file, FORM).length > 0) throw new Error('a sample is invalid')
      sha256Base64(file)
    }
    const cipher = createCipheriv('aes-256-cbc', key, vector)
    const archive = gzipSync(Buffer.concat(files))
    sha256Base64(archive)
    sha256Base64(Buffer.concat([cipher.update(archive), cipher.final()]))
  })
  return ms / INVOICES
}

/** The same invoices of another company, as one batch, until the pages of its receipt are there. */
async function byHand(simulatorUrl: string): Promise<number> {
  const seal = await CertificateService.generateCompanySeal('Firma', `VATPL-${BY_HAND_NIP}`, 'Firma', 'ECDSA')
  const client = new KSeFClient({
    baseUrl: simulatorUrl,
    baseQrUrl: simulatorUrl,
    lighthouseUrl: simulatorUrl,
    presignedUrlHosts: ['127.0.0.1'],
  })
  await client.loginWithCertificate(seal.certificatePem, seal.privateKeyPem, BY_HAND_NIP)
  await client.crypto.init()
  const next = invoiceSeries(BY_HAND_NIP, 'H')
  const files = Array.from({ length: INVOICES }, (_, index) => ({
    fileName: `${index}.xml`,
    content: next(),
  }))
  const began = performance.now()
  const archive = await createTarGz(files)
  const { sessionRef, upo } = await uploadBatch(client, archive, {
    compressionType: 'TarGz',
    pollOptions: { intervalMs: 1_000, maxAttempts: 300 },
  })
  for (const { referenceNumber } of upo.pages)
    await client.sessionStatus.getSessionUpo(sessionRef, referenceNumber)
  return (performance.now() - began) / 1000
}

/** Sessions of the company by kind, and how many invoices its packages carried. */
async function sessionsOf(client: pg.Client, company: string) {
  const { rows } = await client.query<{ kind: string; sessions: number; invoices: number | null }>(
    `select kind, count(*)::int as sessions, sum(invoice_count)::int as invoices
       from sessions where company_id = $1 group by kind`,
    [company],
  )
  const of = (wanted: string) => rows.find(({ kind }) => kind === wanted)
  return {
    onlineSessions: of('online')?.sessions ?? 0,
    batchSessions: of('batch')?.sessions ?? 0,
    invoicesInBatches: of('batch')?.invoices ?? 0,
  }
}

/** KSeF numbers that stand here with a stored receipt. */
async function receiptedNumbers(client: pg.Client, company: string): Promise<Set<string>> {
  const { rows } = await client.query<{ number: string }>(
    'select ksef_number as number from submissions where company_id = $1 and upo_document_id is not null',
    [company],
  )
  return new Set(rows.map(({ number }) => number))
}

const CALLS = {
  callsOpenOnline: 'POST /sessions/online',
  callsSend: 'POST /sessions/online/{referenceNumber}/invoices',
  callsCloseOnline: 'POST /sessions/online/{referenceNumber}/close',
  callsOpenBatch: 'POST /sessions/batch',
  callsCloseBatch: 'POST /sessions/batch/{referenceNumber}/close',
  callsSessionStatus: 'GET /sessions/{referenceNumber}',
  callsSessionInvoices: 'GET /sessions/{referenceNumber}/invoices',
  callsInvoiceStatus: 'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}',
  callsInvoiceUpo: 'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo',
  callsSessionUpo: 'GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}',
}

export async function benchDispatch(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const simulatorArgs = ['--limits', 'production', '--processing-delay-ms', String(PROCESSING_MS)]
  const bench = await startBenchFleet(resources, { simulatorArgs })
  const client = resources.adopt(new pg.Client({ connectionString: bench.database.adminUrl }), (one) =>
    one.end(),
  )
  await client.connect()
  const [company] = await connectCompanies(bench.api, 1)
  if (company === undefined) throw new Error('there is no company')
  say(
    `${INVOICES} invoices are posted one by one; simulator with production limits, ${PROCESSING_MS} ms each`,
  )
  const crowd = await sendCrowd(bench, client, company)

  const ledger = await askSimulator<Ledger>(bench, '/ledger')
  const { calls } = await askSimulator<{ calls: Call[] }>(bench, '/ledger/calls')
  const stored = await receiptedNumbers(client, company.id)
  const numbers = ledger.accepted.flatMap((one) =>
    one.sellerNip === company.nip ? (one.ksefNumber ?? []) : [],
  )
  const sessions = await sessionsOf(client, company.id)
  const spent = Object.entries(ledger.operations).filter(([operation]) => /invoices|sessions/.test(operation))
  say(`calls: ${spent.map(([operation, count]) => `${operation} ${count}`).join(', ')}`)
  const callsOf = Object.entries(CALLS).map(([name, operation]) => [name, ledger.operations[operation] ?? 0])
  const figures = {
    seconds: rounded(crowd.seconds),
    postedSeconds: rounded(crowd.postedSeconds),
    // Of each the number in KSeF is the one that stands here with its receipt.
    lost: INVOICES - new Set(numbers.filter((number) => stored.has(number))).size,
    twice: numbers.length - INVOICES,
    rateLimited: calls.filter(({ httpStatus }) => httpStatus === 429).length,
    ...sessions,
    ...Object.fromEntries(callsOf),
    peakWorkerMib: rounded(crowd.peakMib),
    cpuMsPerInvoice: rounded(crowd.cpuMsPerInvoice),
    loadAverage: loadAverage(),
  }
  const floorMs = await floorOf(company.nip)
  const handSeconds = await byHand(bench.fleet.simulatorUrl)
  return {
    bench: 'dispatch',
    ok:
      figures.seconds <= TARGETS.secondsMax &&
      figures.lost === 0 &&
      figures.twice === 0 &&
      figures.rateLimited === 0,
    figures: { ...figures, cpuToFloor: rounded(crowd.cpuMsPerInvoice / floorMs) },
    floors: { cpuMsPerInvoice: rounded(floorMs), byHandAsOneBatchSeconds: rounded(handSeconds) },
    targets: TARGETS,
  }
}
