/** What the stories of delivery stand on: a real PostgreSQL, a real Redis, the simulator, and as many workers as a story wants. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  acceptInvoice,
  accepting,
  type Company,
  type CompanyId,
  createCompany,
  createIntegration,
  type Delivery,
  type Integration,
  Nip,
  type Submission,
  type SuppliedCredential,
} from '@ksef-fleet/core'
import { type ConnectedDatabase, connect } from '@ksef-fleet/db'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { inspectInvoice, Sealed } from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { type Simulator, type SimulatorOptions, startSimulator } from '@ksef-fleet/simulator'
import pg from 'pg'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { type DeliveryWorker, startWorker } from './delivery-worker.ts'

export type DeliveryFleet = {
  database: TestDatabase
  db: ConnectedDatabase
  admin: pg.Pool
  masterKey: Buffer
  directory: string
  simulator: Simulator
  ksefUrl: string
  worker(options?: Parameters<typeof startWorker>[1]): DeliveryWorker
  /** A company of its own NIP with an active integration. */
  company(credential?: (nip: string) => Promise<SuppliedCredential>): Promise<Connected>
  connect(company: Company, credential?: SuppliedCredential): Promise<Integration>
  accept(companyId: CompanyId, xml: Uint8Array, delivery?: Delivery): Promise<Submission>
  submission(of: Submission): Promise<Submission>
  submissions(companyId: CompanyId): Promise<Submission[]>
  /** Calls the simulator's control plane. */
  control(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<void>
  close(): Promise<void>
}

export type Connected = { company: Company; id: CompanyId; nip: string; integration: Integration }

let nips = 5_250_000_000

export const today = () => new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })

export const invoiceOf = (sellerNip: string, number: string, buyerNip = '1111111111'): Uint8Array =>
  sampleInvoice({ form: 'FA (3)', sellerNip, buyerNip, number, issueDate: today() })

export const sealFor = async (nip: string): Promise<SuppliedCredential> => {
  const { certificatePem, privateKeyPem } = await sealOf(nip, `Firma ${nip}`)
  return { type: 'certificate', certificatePem, privateKeyPem: new Sealed(privateKeyPem) }
}

/** Where the official contract is at hand, every answer of the simulator is held to it, and a misfit becomes a 500. */
function contract(): SimulatorOptions {
  const folder = process.env.KSEF_CONTRACT_DIR ?? ''
  return folder === '' ? {} : { contractFile: `${folder}/open-api.json` }
}

/**
 * @param settings of the worker by which companies are connected
 * @param clock instead of this machine's
 */
export async function startDeliveryFleet(
  options: SimulatorOptions = {},
  settings: NodeJS.ProcessEnv = {},
  clock: { now?: () => Date } = {},
): Promise<DeliveryFleet> {
  const database = await createTestDatabase()
  const simulator = await startSimulator({ processingDelayMs: 40, ...contract(), ...options })
  const db = connect({ ...database, poolSize: 16 })
  const admin = new pg.Pool({ connectionString: database.adminUrl, max: 4 })
  const directory = mkdtempSync(join(tmpdir(), 'delivery-'))
  const workers: DeliveryWorker[] = []
  const base = { database, db, admin, masterKey: randomBytes(32), directory, ksefUrl: simulator.url }
  const worker: DeliveryFleet['worker'] = (wanted) => {
    const started = startWorker(base, wanted)
    workers.push(started)
    return started
  }
  const clerk = worker({ settings, ...clock })

  const connectCompany: DeliveryFleet['connect'] = async (company, credential) => {
    const created = await createIntegration(clerk.context, {
      companyId: company.id,
      credential: credential ?? (await sealFor(company.nip)),
      actor: 'story',
    })
    await clerk.run('verify-integration', { companyId: company.id, integrationId: created.id })
    const integration = await db.withCompany(company.id, (tx) => tx.integrations.get(created.id))
    if (integration === null) throw new Error('the integration is gone')
    return integration
  }
  return {
    ...base,
    simulator,
    worker,
    connect: connectCompany,
    async company(credential = sealFor) {
      const nip = String(++nips)
      const company = await createCompany(clerk.context, {
        nip: Nip.parse(nip),
        name: `Firma ${nip}`,
        actor: 'story',
      })
      const integration = await connectCompany(company, await credential(nip))
      return { company, id: company.id, nip, integration }
    },
    async accept(companyId, xml, delivery = 'auto') {
      const inspect = async (bytes: Uint8Array) =>
        inspectInvoice(bytes, { now: new Date(), environment: 'test' })
      return (
        await acceptInvoice({ accept: accepting(clerk.context), inspect }, { companyId, xml, delivery })
      ).submission
    },
    async submission({ companyId, id }) {
      const found = await db.withCompany(companyId, (tx) => tx.submissions.get(id))
      if (found === null) throw new Error('the submission is gone')
      return found
    },
    submissions: (companyId) => db.withCompany(companyId, (tx) => tx.submissions.list({ limit: 200 })),
    async control(method, path, body) {
      const url = `${new URL(simulator.url).origin}/_simulator${path}`
      const sent =
        body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const answer = await fetch(url, { method, ...sent })
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    },
    async close() {
      await Promise.all(workers.map((one) => one.close()))
      await simulator.close()
      await Promise.all([db.close(), admin.end()])
      await database[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
