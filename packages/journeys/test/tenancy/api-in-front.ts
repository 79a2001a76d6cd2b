/** The API over a delivery fleet's database and secret store, as another process would be: with caches of its own. */
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ApiDependencies,
  buildServer,
  createEventStreams,
  createUploads,
  type UploadLimits,
} from '@ksef-fleet/api'
import { createApiKey, createLogger, type KsefEnvironment } from '@ksef-fleet/core'
import { inspectInvoice, inspectInvoiceData } from '@ksef-fleet/ksef'
import { checkInvoice, checkInvoiceData } from '@ksef-fleet/ksef/rules'
import type { DeliveryFleet } from '../delivery/delivery-fleet.ts'

const UPLOADS: UploadLimits = {
  atOnceMax: 2,
  bytesMax: 10_000_000,
  unpackedBytesMax: 100_000_000,
  filesMax: 10_000,
  withinMs: 60_000,
}

export type Told = {
  status: number
  text: string
  /** Empty for what is not JSON. */
  body: Record<string, unknown>
  bytes: Buffer
  location: string
}

export type ApiInFront = AsyncDisposable & {
  /** As an administrator of the provider: POST with a body, GET without one unless it says otherwise. */
  call(path: string, json?: unknown, method?: 'GET' | 'POST'): Promise<Told>
  postInvoice(companyId: string, xml: Uint8Array): Promise<Told>
  /** Posts XML to that path. */
  postXml(path: string, xml: Uint8Array): Promise<Told>
  /** What the API has logged so far. */
  lines: string[]
}

export async function apiInFrontOf(
  fleet: DeliveryFleet,
  environment: KsefEnvironment = 'test',
  { settings = {}, change = {} }: { settings?: NodeJS.ProcessEnv; change?: Partial<ApiDependencies> } = {},
): Promise<ApiInFront> {
  const { context } = fleet.worker({ settings, ...(change.now === undefined ? {} : { now: change.now }) })
  const lines: string[] = []
  const log = createLogger({
    service: 'api',
    level: 'debug',
    destination: { write: (one) => lines.push(one) },
  })
  const { db } = fleet
  const { secrets, now, newId, trail, budget, sealer } = context
  const deps: ApiDependencies = {
    ...{ db, secrets, now, newId, trail, budget, sealer, environment, randomBytes, log },
    inspect: async (xml) => inspectInvoice(xml, { now: now(), environment }),
    composeMany: () => Promise.reject(new Error('nobody sends batches of JSON here')),
    inspectMany: async (xmls) => xmls.map((xml) => inspectInvoice(xml, { now: now(), environment })),
    check: async (document, company) =>
      company === null
        ? checkInvoice(document, { now: now(), environment })
        : checkInvoiceData(document, { now: now(), environment, company }),
    print: () => Promise.reject(new Error('nothing is printed here')),
    qrBaseUrl: 'https://qr-test.ksef.mf.gov.pl',
    inspectData: async (json, company) => inspectInvoiceData(json, { now: now(), environment, company }),
    uploads: await createUploads(join(tmpdir(), 'ksef-fleet-spool'), UPLOADS),
    cursorKey: randomBytes(32),
    destinations: { http: false, networks: [] },
    streams: createEventStreams({ listen: () => () => {} }, { max: 10, pollMs: 200, heartbeatMs: 1_000 }),
    readiness: { postgres: () => db.check(), redis: () => Promise.resolve() },
    ops: null,
    failedKeysPerMinuteMax: 1_000,
    publicUrl: null,
    trustedProxies: [],
    ...change,
  }
  const app = await buildServer(deps)
  await app.ready()
  const actor = 'story'
  const { key } = await createApiKey(deps, { companyId: null, role: 'administrator', name: actor, actor })

  const send = async (request: {
    method: 'GET' | 'POST'
    url: string
    type?: string
    payload?: string | Buffer
  }): Promise<Told> => {
    const { method, url, type, payload } = request
    const answer = await app.inject({
      method,
      url,
      headers: {
        authorization: `Bearer ${key}`,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(payload === undefined ? {} : { payload }),
    })
    const { statusCode: status, body: text, rawPayload: bytes } = answer
    const body = String(answer.headers['content-type']).includes('json') ? answer.json() : {}
    return { status, text, body, bytes, location: String(answer.headers.location ?? '') }
  }
  const postXml = (url: string, xml: Uint8Array): Promise<Told> =>
    send({ method: 'POST', url, type: 'application/xml', payload: Buffer.from(xml) })
  return {
    lines,
    call: (url, json, method = json === undefined ? 'GET' : 'POST') =>
      json === undefined
        ? send({ method, url })
        : send({ method, url, type: 'application/json', payload: JSON.stringify(json) }),
    postInvoice: (companyId, xml) => postXml(`/v1/companies/${companyId}/invoices`, xml),
    postXml,
    [Symbol.asyncDispose]: () => app.close(),
  }
}
