/**
 * An export of 10,000 invoices to rows, as `sync-inbox` takes it: fetched, proved twice, read, stored with register entries and
 * events in one transaction. Beside it a bare decrypt, unpack and COPY of the same package in the same run, into a table that keeps
 * its documents as the fleet's does. KSeF is a process of its own, so that time and memory of this one are the fleet's.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CompanyId, changeScopes, type DeliveryContext, JOBS, type SyncState } from '@ksef-fleet/core'
import { type SessionKey, sessionKeyOf } from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import pg from 'pg'
import { bareExportMs } from './bare-export.ts'
import { type LookupFleet, startLookupFleet } from './lookup-fleet.ts'
import { peakMemoryOf } from './memory-of-work.ts'
import { type Report, rounded } from './report.ts'

const INVOICES = 10_000
const ROUNDS = 4
const FIRST_NIP = 5_260_000_000
const KEY_BYTES = 32
const LINES = 10
const HOUR_MS = 3_600_000
const TARGETS = { ratioMax: 2, memoryGrowthMbMax: 40 }

const say = (text: string): void => void process.stderr.write(`${text}\n`)

type Round = { ms: number; floorMs: number; memoryMb: number }

const lines = Array.from({ length: LINES }, (_, line) => ({
  name: `Towar ${(line * 104_729) % 1000}`,
  quantity: 1 + (line % 17),
  unitPriceGrosze: 1000 + ((line * 104_729) % 100_000),
}))

const syncInbox = JOBS.find(({ name }) => name === 'sync-inbox')

async function receiver(fleet: LookupFleet, context: DeliveryContext, nip: string): Promise<SyncState> {
  const companyId = await fleet.company(nip)
  const [integration] = await context.db.withCompany(companyId, (tx) => tx.integrations.list())
  if (integration === undefined) throw new Error('a company without an integration')
  const of = { companyId, integrationId: integration.id }
  await changeScopes(context, { ...of, scopes: ['InvoiceRead'], actor: 'bench' })
  await context.contexts.verifyIntegration(of)
  const key = { integrationId: integration.id, subjectType: 'Subject2' } as const
  const startAt = new Date(Date.now() - 2 * HOUR_MS)
  const set = { startAt, checkpoint: startAt, held: null, nextSyncAt: new Date(), lateAt: null }
  await context.db.withCompany(companyId, (tx) => tx.inbox.configure(key, set))
  return stateOf(context, companyId, key)
}

async function stateOf(
  context: DeliveryContext,
  companyId: CompanyId,
  key: Pick<SyncState, 'integrationId' | 'subjectType'>,
) {
  const state = await context.db.withCompany(companyId, (tx) => tx.inbox.get(key))
  if (state === null) throw new Error('the sync is gone')
  return state
}

async function takeStep(context: DeliveryContext, state: SyncState): Promise<void> {
  const { companyId, integrationId, subjectType } = state
  await syncInbox?.run({ companyId, integrationId, subjectType }, context)
}

/** Waits until KSeF has made the package, and lays its parts ready for the bare loop. */
async function partsOf(context: DeliveryContext, state: SyncState, directory: string) {
  const underWay = await context.db.withCompany(state.companyId, (tx) => tx.inbox.underWay(state))
  if (underWay?.referenceNumber == null) throw new Error('no export is under way')
  const plain = context.sealer.open(underWay.sealedKey, ['export-key', state.companyId, underWay.id])
  if (plain === null) throw new Error('the key of the export does not open')
  const key: SessionKey = sessionKeyOf(plain.subarray(0, KEY_BYTES), plain.subarray(KEY_BYTES))
  const ksef = await context.contexts.forCompany(state.companyId, { purpose: 'sync' })
  for (;;) {
    const status = await ksef.exportStatus(underWay.referenceNumber)
    const made = status.ok ? status.value.package : undefined
    if (made === undefined) {
      await sleep(500)
      continue
    }
    const paths: string[] = []
    for (const part of made.parts) {
      const path = join(directory, `${underWay.id}-${part.ordinalNumber}`)
      await ksef.downloadExportPart(part, path)
      paths.push(path)
    }
    return { key, paths }
  }
}

async function issueElsewhere(simulatorUrl: string, issue: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(issue)
  const answer = await fetch(`${simulatorUrl}/_simulator/invoices`, { method: 'POST', headers, body })
  if (answer.status !== 201) throw new Error(`the simulator answered ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
}

type Bench = { fleet: LookupFleet; context: DeliveryContext; pool: pg.Pool; directory: string }

async function round({ fleet, context, pool, directory }: Bench, nth: number): Promise<Round> {
  const nip = String(FIRST_NIP + nth)
  const state = await receiver(fleet, context, nip)
  const invoice = {
    sellerNip: '1111111111',
    buyerNip: nip,
    number: '#number#',
    issueDate: '2026-11-20',
    lines,
  }
  const document = Buffer.from(sampleInvoice({ form: 'FA (3)', ...invoice })).toString('utf8')
  const storedFrom = new Date(Date.now() - HOUR_MS).toISOString()
  const issue = {
    document,
    series: `${nip}/`,
    count: INVOICES,
    seller: invoice.sellerNip,
    buyer: nip,
    storedFrom,
  }
  await issueElsewhere(fleet.simulatorUrl, { ...issue, spacingMs: 10 })
  await takeStep(context, state)
  const { key, paths } = await partsOf(context, state, directory)
  const floorMs = await bareExportMs(pool, { paths, key })
  let ms = 0
  const memoryMb = await peakMemoryOf(async () => {
    await sleep(600)
    const began = performance.now()
    await takeStep(context, state)
    ms = performance.now() - began
  })
  const { received, checkpoint } = await stateOf(context, state.companyId, state)
  if (received + checkpoint.getTime() === state.startAt.getTime()) throw new Error('nothing was received')
  const { rows } = await pool.query(
    'select count(*)::int as count from ksef_documents where company_id = $1',
    [state.companyId],
  )
  if (rows[0]?.count !== INVOICES) throw new Error(`${rows[0]?.count} of ${INVOICES} were stored`)
  say(
    `${INVOICES} to rows in ${Math.round(ms)} ms, bare ${Math.round(floorMs)} ms, ${Math.round(memoryMb)} MB`,
  )
  return { ms, floorMs, memoryMb }
}

export async function benchInbox(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const fleet = await startLookupFleet(resources, say)
  const context = await fleet.worker()
  const pool = resources.adopt(new pg.Pool({ connectionString: fleet.database.adminUrl, max: 2 }), (one) =>
    one.end(),
  )
  const directory = mkdtempSync(join(tmpdir(), 'fleet-inbox-'))
  resources.defer(() => rmSync(directory, { recursive: true, force: true }))
  const rounds: Round[] = []
  for (let nth = 0; nth < ROUNDS; nth++) rounds.push(await round({ fleet, context, pool, directory }, nth))
  // The first one loads and compiles; other work on the machine makes a run dearer and never cheaper.
  const warm = rounds.slice(1)
  const ms = Math.min(...warm.map((one) => one.ms))
  const floorMs = Math.min(...warm.map((one) => one.floorMs))
  const growth = (rounds.at(-1)?.memoryMb ?? Number.NaN) - (rounds[1]?.memoryMb ?? Number.NaN)
  const ratio = rounded(ms / floorMs)
  return {
    bench: 'inbox',
    ok: ratio <= TARGETS.ratioMax && growth <= TARGETS.memoryGrowthMbMax,
    figures: {
      invoices: INVOICES,
      exportToRowsMs: Math.round(ms),
      ratio,
      invoicesPerSecond: Math.round(INVOICES / (ms / 1000)),
      peakMemoryMb: Math.round(rounds.at(-1)?.memoryMb ?? Number.NaN),
      memoryGrowthMb: Math.round(growth),
      loadAverage: rounded(loadavg()[0] ?? Number.NaN),
    },
    floors: { bareMs: Math.round(floorMs) },
    targets: TARGETS,
  }
}
