/** A receiver of webhooks on loopback. What it takes it verifies with the library that other people use. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export type Received = {
  webhookId: string
  sequence: number
  companyId: string | null
  type: string
  subject: string
  /** It was answered 2xx. */
  taken: boolean
}

/** @param call how many calls there have been, this one among them */
export type Answering = (call: number, response: ServerResponse, received: Received) => unknown

export type Receiver = {
  url: string
  /** Verified messages, in the order they came. */
  received: Received[]
  /** Calls whose signature did not fit. */
  unverified: number
  /** Any of them verifies. */
  secrets: string[]
  answering: Answering
  close(): Promise<void>
}

export const says =
  (status: number, headers: Record<string, string> = {}): Answering =>
  (_, response) =>
    response.writeHead(status, headers).end(`it said ${status}`)

export async function startReceiver(): Promise<Receiver> {
  let calls = 0
  const receiver: Receiver = {
    url: '',
    received: [],
    unverified: 0,
    secrets: [],
    answering: says(204),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  const server = createServer(async (request, response) => {
    const body = await textOf(request)
    const read = verified(receiver.secrets, body, request)
    calls++
    if (read === null) {
      receiver.unverified++
      return response.writeHead(401).end()
    }
    const received = { ...read, taken: false }
    receiver.received.push(received)
    response.on('finish', () => {
      received.taken = response.statusCode < 300
    })
    await receiver.answering(calls, response, received)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return receiver
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function verified(
  secrets: readonly string[],
  body: string,
  request: IncomingMessage,
): Omit<Received, 'taken'> | null {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  )
  for (const secret of secrets) {
    try {
      const event = new Webhook(secret).verify(body, headers) as Omit<Received, 'webhookId'>
      return { ...event, webhookId: String(headers['webhook-id']) }
    } catch {
      // Another secret's.
    }
  }
  return null
}
