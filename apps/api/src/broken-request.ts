/** Answers what Node could not read as a request at all, in the form every failure has. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { FleetError } from '@ksef-fleet/core'
import { problemOf } from './problem.ts'

const STATUS: Record<string, { status: number; phrase: string; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    phrase: 'Request Header Fields Too Large',
    detail: 'The headers are larger than any lawful request.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    phrase: 'Request Timeout',
    detail: 'The request did not arrive in the time it is given.',
  },
}
const UNREADABLE = { status: 400, phrase: 'Bad Request', detail: 'This is not a request of HTTP/1.1.' }

export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, phrase, detail } = STATUS[error.code ?? ''] ?? UNREADABLE
  const requestId = randomUUID()
  const body = JSON.stringify({
    ...problemOf(new FleetError('REQUEST_INVALID', { detail }), { requestId }),
    status,
  })
  socket.end(
    [
      `HTTP/1.1 ${status} ${phrase}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
