/**
 * Where two companies' backends hear of their invoices: a receiver of webhooks that verifies what comes with the library other
 * people use, refuses some of it at first, and remembers everything. Which message is refused follows from the seed.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { ApiClient } from '../../fleet/api-client.ts'
import { chance } from '../chance.ts'
import type { StormCompany } from './companies.ts'

export const HEARD_TYPES = ['invoice.registered', 'invoice.receipted', 'invoice.rejected']

/** A message whose signature held, in the order in which they came. */
export type Message = { companyId: string; id: string; body: string; isTaken: boolean }
export type Listener = { companyId: string; isOrdered: boolean }

export type Sink = AsyncDisposable & {
  readonly listeners: readonly Listener[]
  readonly messages: readonly Message[]
  /** Calls whose signature did not hold. */
  readonly forged: () => number
  /** Tells the API that this company's events are wanted here. */
  listen(api: ApiClient, company: StormCompany, how: { isOrdered: boolean }): Promise<void>
  /** Nothing is refused any more. */
  calm(): void
}

/** @param rate share of the calls that is refused, 0 to 1 */
export async function startSink(options: { seed: string; rate: number }): Promise<Sink> {
  const secrets = new Map<string, string>()
  const listeners: Listener[] = []
  const messages: Message[] = []
  const asked = new Map<string, number>()
  let forged = 0
  let { rate } = options
  const isRefused = (id: string): boolean => {
    const times = asked.get(id) ?? 0
    asked.set(id, times + 1)
    // By its place in the log: ids of companies differ from run to run.
    return chance(options.seed, 'sink', id.split('_').at(-1) ?? '', times) < rate
  }

  const server = createServer(async (request, response) => {
    const companyId = request.url?.slice(1) ?? ''
    const body = await textOf(request)
    if (!holds(secrets.get(companyId), body, request)) {
      forged += 1
      return response.writeHead(401).end()
    }
    const id = String(request.headers['webhook-id'])
    const isTaken = !isRefused(id)
    messages.push({ companyId, id, body, isTaken })
    return response.writeHead(isTaken ? 204 : 503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    listeners,
    messages,
    forged: () => forged,
    async listen(api, { id: companyId }, { isOrdered }) {
      const { status, body } = await api.post<{ secret: string }>(`/v1/companies/${companyId}/webhooks`, {
        url: `http://127.0.0.1:${port}/${companyId}`,
        types: HEARD_TYPES,
        ordered: isOrdered,
      })
      if (status !== 201) throw new Error(`no webhook was made: ${status} ${JSON.stringify(body)}`)
      secrets.set(companyId, body.secret)
      listeners.push({ companyId, isOrdered })
    },
    calm() {
      rate = 0
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function holds(secret: string | undefined, body: string, { headers }: IncomingMessage): boolean {
  if (secret === undefined) return false
  const named = Object.entries(headers).map(([name, value]) => [name, String(value)])
  try {
    new Webhook(secret).verify(body, Object.fromEntries(named))
    return true
  } catch {
    return false // told by `forged`
  }
}
