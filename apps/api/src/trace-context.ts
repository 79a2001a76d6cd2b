/**
 * W3C Trace Context: the caller's `traceparent` is carried on to delivery and into the logs; without one a trace of our
 * own begins, so that a request and what became of its invoice always share a trace id.
 */

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

export type Trace = { traceparent: string; traceId: string }

/** @param header the request's `traceparent`, whatever it holds. */
export function traceOf(header: unknown, randomBytes: (length: number) => Uint8Array): Trace {
  const given = typeof header === 'string' ? TRACEPARENT.exec(header) : null
  if (given?.[1] !== undefined) return { traceparent: given[0], traceId: given[1] }
  const drawn = hex(randomBytes(24))
  const [traceId, spanId] = [drawn.slice(0, 32), drawn.slice(32)]
  return { traceparent: `00-${traceId}-${spanId}-00`, traceId }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
