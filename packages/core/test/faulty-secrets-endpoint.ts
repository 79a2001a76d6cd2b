/** A server in front of a Secrets Manager that passes requests on, or does to them what outages do. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * An error as AWS answers it (JSON 1.1), where `done` after the request was carried out; `lost` carries it out too, and cuts
 * the line before the answer.
 */
export type SecretsFault = { status: number; type: string; done?: true } | 'cut' | 'lost' | 'silent'

export type FaultyEndpoint = AsyncDisposable & {
  url: string
  /** Requests so far, by their operation. */
  requests: string[]
  /** For the next `times` requests; all until told otherwise when left out. */
  fail(fault: SecretsFault, times?: number): void
  /** For every request of that operation, until told otherwise. */
  failOnly(operation: string, fault: SecretsFault): void
  heal(): void
}

export async function startFaultyEndpoint(behind: string): Promise<FaultyEndpoint> {
  const requests: string[] = []
  let present: { fault: SecretsFault; times: number; operation?: string } | null = null

  const faultOf = (operation: string): SecretsFault | null => {
    if (present === null || (present.operation ?? operation) !== operation) return null
    return present.times-- > 0 ? present.fault : null
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request)
    const operation = String(request.headers['x-amz-target']).replace('secretsmanager.', '')
    requests.push(operation)
    const fault = faultOf(operation)
    if (fault === 'silent') return
    if (fault === 'cut') return void request.socket.destroy()
    const refused = fault === null || fault === 'lost' ? null : fault
    if (refused !== null && refused.done === undefined) return refuse(response, refused, body)
    const passed = await fetch(behind, { method: 'POST', headers: headersOf(request), body })
    const text = await passed.text()
    if (fault === 'lost') return void request.socket.destroy()
    if (refused !== null) return refuse(response, refused, body)
    response.writeHead(passed.status, { 'content-type': 'application/x-amz-json-1.1' }).end(text)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(new Error(String(error))))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    fail: (fault, times = Number.POSITIVE_INFINITY) => {
      present = { fault, times }
    },
    failOnly: (operation, fault) => {
      present = { fault, times: Number.POSITIVE_INFINITY, operation }
    },
    heal: () => {
      present = null
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The worst a service can do: quote the request, with the secret in it, back in its error. */
function refuse(
  response: ServerResponse,
  { status, type }: { status: number; type: string },
  body: string,
): void {
  response
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': type })
    .end(JSON.stringify({ __type: type, message: `refused: ${body}` }))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const kept = ['x-amz-target', 'content-type', 'authorization', 'x-amz-date']
  return Object.fromEntries(kept.map((name) => [name, String(request.headers[name] ?? '')]))
}
