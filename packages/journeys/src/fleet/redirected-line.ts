/** A TCP line whose far end may move or be gone: a server that is killed comes back elsewhere, and callers keep its address. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type RedirectedLine = AsyncDisposable & {
  /** The URL of the far end, by way of this line. */
  url: string
  /** Breaks what is under way; newcomers go to the server of that URL, or nowhere while it is null. */
  redirect(to: string | null): void
}

/** @param to URL of a server, with its port */
export async function redirectedLine(to: string): Promise<RedirectedLine> {
  const ends = new Set<Socket>()
  let far: URL | null = new URL(to)
  const keep = (end: Socket, other: Socket): void => {
    ends.add(end)
    end.on('error', () => other.destroy())
    end.on('close', () => {
      ends.delete(end)
      other.destroy()
    })
  }
  const server = createServer((near) => {
    near.on('error', () => near.destroy())
    if (far === null) return void near.destroy()
    const other = connect(Number(far.port), far.hostname)
    keep(near, other)
    keep(other, near)
    near.pipe(other).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { address, port } = server.address() as AddressInfo
  const redirect = (next: string | null): void => {
    far = next === null ? null : new URL(next)
    for (const end of ends) end.destroy()
  }
  return {
    url: Object.assign(new URL(to), { hostname: address, port: String(port) }).href,
    redirect,
    async [Symbol.asyncDispose]() {
      redirect(null)
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
