import { setTimeout as sleep } from 'node:timers/promises'

/** An answer of the API. */
export type Answer<T = unknown> = { status: number; headers: Headers; body: T }

export type ApiClient = ReturnType<typeof apiClient>

export type CompanyView = { id: string; nip: string; name: string }
export type IntegrationView = { id: string; state: string; failure: { code: string } | null }
export type InvoiceView = {
  id: string
  state: string
  number: string
  ksefNumber: string | null
  outcome: { code: string; meaning: { pl: string; en: string } }
}

const LOOK_MS = 25

/** The API as a provider's backend calls it. */
export function apiClient(baseUrl: string, key: string) {
  const call = async <T>(
    method: string,
    path: string,
    { body, headers = {} }: { body?: string | Uint8Array; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const json = (response.headers.get('content-type') ?? '').includes('json')
    return {
      status: response.status,
      headers: response.headers,
      body: (json ? JSON.parse(bytes.toString()) : bytes) as T,
    }
  }
  const post = <T>(path: string, body: object = {}) =>
    call<T>('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

  return {
    call,
    post,
    get: <T>(path: string) => call<T>('GET', path),
    postInvoice: (companyId: string, xml: Uint8Array, headers: Record<string, string> = {}) =>
      call<InvoiceView>('POST', `/v1/companies/${companyId}/invoices`, {
        body: xml,
        headers: { 'content-type': 'application/xml', ...headers },
      }),
    /** Reads the path until `done` says so. @throws Error when it does not within the time */
    async until<T>(path: string, done: (body: T) => boolean, withinMs = 30_000): Promise<T> {
      const deadline = Date.now() + withinMs
      for (;;) {
        const { body } = await call<T>('GET', path)
        if (done(body)) return body
        if (Date.now() > deadline)
          throw new Error(`${path} did not come to it in time: ${JSON.stringify(body)}`)
        await sleep(LOOK_MS)
      }
    },
  }
}
