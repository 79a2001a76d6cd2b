import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import type { CredentialOutlook } from './credential-outlook.ts'

export type HealthServer = { port: number; [Symbol.asyncDispose](): Promise<void> }

/**
 * `/healthz`: the process answers. `/readyz`: PostgreSQL and Redis answer it; also tells how credentials end, which makes
 * nothing unready. `/metrics`: for Prometheus.
 *
 * @param checks each rejects when its part is not there
 * @param credentials counts of credentials by the window in which they end; null is answered where they cannot be had, and
 *   whoever counts them tells why
 */
export async function startHealthServer(deps: {
  host: string
  port: number
  registry: Registry
  checks: Record<string, () => Promise<unknown>>
  credentials: () => Promise<CredentialOutlook>
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(deps, request.url ?? '', response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(deps.port, deps.host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  deps: Parameters<typeof startHealthServer>[0],
  url: string,
  response: ServerResponse,
): Promise<void> {
  switch (url) {
    case '/healthz':
      return json(response, 200, { status: 'ok' })
    case '/readyz': {
      const parts = await checkAll(deps.checks)
      const ready = Object.values(parts).every((state) => state === 'ok')
      const credentials = ready ? await deps.credentials().catch(() => null) : null
      return json(response, ready ? 200 : 503, {
        status: ready ? 'ready' : 'not-ready',
        parts,
        credentials,
      })
    }
    case '/metrics':
      response.writeHead(200, { 'content-type': deps.registry.contentType })
      response.end(await deps.registry.metrics())
      return
    default:
      return json(response, 404, { status: 'not-found' })
  }
}

async function checkAll(checks: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> {
  const states = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await stateOf(check)] as const),
  )
  return Object.fromEntries(states)
}

const stateOf = (check: () => Promise<unknown>): Promise<'ok' | 'unavailable'> =>
  check().then(
    () => 'ok',
    () => 'unavailable',
  )

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
