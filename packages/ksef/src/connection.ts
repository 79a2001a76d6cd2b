import { Agent, buildConnector } from 'undici'

/**
 * Time limits of one call, in milliseconds. `totalMs` covers the call from its start to the last byte; `uploadMs` takes
 * its place where a part of a package is uploaded or downloaded.
 */
export type Timeouts = {
  readonly connectMs: number
  readonly headersMs: number
  readonly bodyMs: number
  readonly totalMs: number
  readonly uploadMs: number
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  headersMs: 30_000,
  bodyMs: 30_000,
  totalMs: 60_000,
  // 100 MB at 1 Mbit/s.
  uploadMs: 900_000,
}

const CONNECTIONS_PER_ORIGIN_MAX = 64

/**
 * A connection that never came about: DNS, refused, connect timeout or TLS. Error codes alone cannot tell
 * (ECONNRESET and ETIMEDOUT occur before and after the request left), the place where the error arose can.
 */
export class ConnectionFailed extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'ConnectionFailed'
  }
}

/** The pool of connections: no pipelining, no retry, no redirect. */
export function openAgent(timeouts: Timeouts): Agent {
  const connect = buildConnector({ timeout: timeouts.connectMs })
  return new Agent({
    connections: CONNECTIONS_PER_ORIGIN_MAX,
    pipelining: 1,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyMs,
    connect: (options, callback) =>
      connect(options, (...outcome) => {
        const [error, socket] = outcome
        if (error) callback(new ConnectionFailed(error), null)
        else if (socket) callback(null, socket)
      }),
  })
}
