/** Bytes over a real socket, for what no HTTP client would send. */
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'

export async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

/** Writes the parts one after the other and answers all that came back until the server hung up. */
export function exchange(port: number, ...parts: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => resolve(text)) // a server that hangs up at once is an answer too
    socket.on('close', () => resolve(text))
    for (const part of parts) socket.write(part)
  })
}

export const request = (line: string, ...headers: string[]): string =>
  [`${line} HTTP/1.1`, 'Host: fleet', ...headers, 'Connection: close', '', ''].join('\r\n')
