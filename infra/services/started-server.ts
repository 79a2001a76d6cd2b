export type Log = (line: string) => void

/** What a server needs to start: its data lies in `directory`, its users sign in with `password`. */
export type ServerOptions = { directory: string; password: string; durable: boolean; log: Log }

/** A server that answers at `url` until it is stopped. */
export type StartedServer = { url: string; stop(): Promise<void> }
