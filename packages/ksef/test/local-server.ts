import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Seen = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Answers one request; `request.count` says the how-manieth of its method and path it is, from 1. */
export type Answer = (response: ServerResponse, request: Seen & { readonly count: number }) => void

/** A real HTTP server on a free port, which notes each request and answers by method and path. */
export type LocalServer = AsyncDisposable & {
  readonly url: string
  readonly seen: Seen[]
  readonly server: Server
  seenAt(methodAndPath: string): Seen[]
}

export async function startLocalServer(answers: {
  readonly [methodAndPath: string]: Answer
}): Promise<LocalServer> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      seen.push(one)
      const count = seen.filter((other) => other.method === one.method && other.path === one.path).length
      const answer = answers[`${one.method} ${path}`]
      if (answer === undefined) response.writeHead(501).end()
      else answer(response, { ...one, count })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    server,
    seenAt: (methodAndPath) =>
      seen.filter((one) => `${one.method} ${one.path.split('?')[0]}` === methodAndPath),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** An answer with a JSON body. */
export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

/** A refusal in problem details with one code. */
export const refusal = (code: number): Answer =>
  json(400, {
    title: 'Bad Request',
    status: 400,
    detail: 'Żądanie jest nieprawidłowe.',
    errors: [{ code, description: 'Opis.' }],
  })
