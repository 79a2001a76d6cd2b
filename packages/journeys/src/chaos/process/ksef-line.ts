/**
 * The line between the workers and KSeF, and what happens on it: a request is reset before it arrives, an answer is dropped
 * or cut after the effect. Which call is struck follows from the seed, what is asked, of which invoice, and how often it was asked
 * before; not from keys and references, which are others in each run.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chance } from '../chance.ts'

export const LINE_FAULTS = ['reset-before', 'drop-answer', 'cut-body', 'reset-after'] as const
export type LineFault = (typeof LINE_FAULTS)[number]

export type KsefLine = AsyncDisposable & {
  url: string
  /** Nothing is struck any more. */
  calm(): void
  /** Faults that struck, by their kind. */
  readonly struck: Readonly<Record<LineFault, number>>
}

/** @param rate share of the calls that is struck, 0 to 1 */
export async function ksefLine(options: { target: string; seed: string; rate: number }): Promise<KsefLine> {
  const target = new URL(options.target)
  const agent = new Agent({ keepAlive: true })
  const asked = new Map<string, number>()
  const struck: Record<LineFault, number> = {
    'reset-before': 0,
    'drop-answer': 0,
    'cut-body': 0,
    'reset-after': 0,
  }
  let { rate } = options

  const faultOf = (incoming: IncomingMessage, body: Buffer): LineFault | null => {
    if (rate === 0) return null
    const what = `${incoming.method} ${placeOf(incoming.url)} ${invoiceIn(body)}`
    const times = asked.get(what) ?? 0
    asked.set(what, times + 1)
    const at = chance(options.seed, 'line', what, times)
    if (at >= rate) return null
    return LINE_FAULTS[Math.floor((at / rate) * LINE_FAULTS.length)] ?? null
  }

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('error', () => outgoing.destroy())
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const fault = faultOf(incoming, body)
      if (fault !== null) struck[fault] += 1
      if (fault === 'reset-before') return void incoming.socket.resetAndDestroy()
      forward({ target, agent, incoming, outgoing, body, fault })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    struck,
    calm() {
      rate = 0
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const REFERENCE = /\/\d{8}-[A-Z0-9-]+|\/\d{10}-\d{8}-[A-Z0-9-]+/gi

const placeOf = (url = ''): string => (url.split('?', 1)[0] ?? '').replace(REFERENCE, '/*')

/** The hash of the invoice that a request brings, which stands in it beside what is encrypted. */
const invoiceIn = (body: Buffer): string => /"invoiceHash":"([^"]+)"/.exec(body.toString('latin1'))?.[1] ?? ''

type Passage = {
  target: URL
  agent: Agent
  incoming: IncomingMessage
  outgoing: ServerResponse
  body: Buffer
  fault: LineFault | null
}

/** The `Host` stays the caller's, so that links in answers lead over this line too. */
function forward({ target, agent, incoming, outgoing, body, fault }: Passage): void {
  const { method, url, headers } = incoming
  const far = request(
    { agent, host: target.hostname, port: target.port, method, path: url, headers },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', () => outgoing.destroy())
      answer.on('end', () => hand(outgoing, { answer, body: Buffer.concat(chunks), fault }))
    },
  )
  far.on('error', () => outgoing.destroy())
  far.end(body)
}

/** The effect has taken place; what the caller learns of it is another matter. */
function hand(
  outgoing: ServerResponse,
  { answer, body, fault }: { answer: IncomingMessage; body: Buffer; fault: LineFault | null },
): void {
  if (fault === 'drop-answer') return void outgoing.destroy()
  if (fault === 'reset-after') return void outgoing.socket?.resetAndDestroy()
  const { 'transfer-encoding': _chunked, connection: _kept, ...headers } = answer.headers
  outgoing.writeHead(answer.statusCode ?? 502, {
    ...headers,
    'content-length': Math.max(body.length, fault === null ? 0 : 100),
  })
  if (fault === null) return void outgoing.end(body)
  outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy())
}
