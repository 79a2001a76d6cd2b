/** A line to a server that can be cut: what is under way breaks, and nobody gets through until it is mended. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type CutLine = AsyncDisposable & { port: number; cut(): void; mend(): void }

export async function lineTo(host: string, port: number): Promise<CutLine> {
  const ends = new Set<Socket>()
  let isCut = false
  const keep = (end: Socket, other: Socket): void => {
    ends.add(end)
    end.on('error', () => other.destroy())
    end.on('close', () => {
      ends.delete(end)
      other.destroy()
    })
  }
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(port, host)
    keep(near, far)
    keep(far, near)
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const breakAll = () => {
    for (const end of ends) end.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      breakAll()
    },
    mend() {
      isCut = false
    },
    async [Symbol.asyncDispose]() {
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
