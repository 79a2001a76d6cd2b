/** The API over a delivery fleet's database and secret store, as another process would be: with caches of its own. */
import { randomBytes } from 'node:crypto'
import { type ApiDependencies, buildServer } from '@ksef-fleet/api'
import { createApiKey, createLogger, type KsefEnvironment } from '@ksef-fleet/core'
import { inspectInvoice } from '@ksef-fleet/ksef'
import type { DeliveryFleet } from '../delivery/delivery-fleet.ts'

export type Told = { status: number; text: string; body: Record<string, unknown>; location: string }

export type ApiInFront = AsyncDisposable & {
  /** As an administrator of the provider: POST with a body, GET without one unless it says otherwise. */
  call(path: string, json?: unknown, method?: 'GET' | 'POST'): Promise<Told>
  postInvoice(companyId: string, xml: Uint8Array): Promise<Told>
  /** What the API has logged so far. */
  lines: string[]
}

export async function apiInFrontOf(
  fleet: DeliveryFleet,
  environment: KsefEnvironment = 'test',
  settings: NodeJS.ProcessEnv = {},
): Promise<ApiInFront> {
  const { context } = fleet.worker({ settings })
  const lines: string[] = []
  const log = createLogger({
    service: 'api',
    level: 'debug',
    destination: { write: (one) => lines.push(one) },
  })
  const { db } = fleet
  const { secrets, now, newId, trail } = context
  const deps: ApiDependencies = {
    ...{ db, secrets, now, newId, trail, environment, randomBytes, log },
    inspect: async (xml) => inspectInvoice(xml, { now: now(), environment }),
    cursorKey: randomBytes(32),
    readiness: { postgres: () => db.check(), redis: () => Promise.resolve() },
    ops: null,
    failedKeysPerMinuteMax: 1_000,
    publicUrl: null,
    trustedProxies: [],
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
    const { statusCode: status, body: text } = answer
    return { status, text, body: answer.json(), location: String(answer.headers.location ?? '') }
  }
  return {
    lines,
    call: (url, json, method = json === undefined ? 'GET' : 'POST') =>
      json === undefined
        ? send({ method, url })
        : send({ method, url, type: 'application/json', payload: JSON.stringify(json) }),
    postInvoice: (companyId, xml) =>
      send({
        method: 'POST',
        url: `/v1/companies/${companyId}/invoices`,
        type: 'application/xml',
        payload: Buffer.from(xml),
      }),
    [Symbol.asyncDispose]: () => app.close(),
  }
}
