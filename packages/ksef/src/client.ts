import { setTimeout as sleepFor } from 'node:timers/promises'
import { type AuthSessions, authSessions } from './api/auth-sessions.ts'
import { type BatchSessions, batchSessions } from './api/batch-session.ts'
import { type Certificates, certificates } from './api/certificates.ts'
import { type InvoiceExports, invoiceExports } from './api/invoice-exports.ts'
import { type Invoices, invoices } from './api/invoices.ts'
import { type Limits, limits } from './api/limits.ts'
import { type OnlineSessions, onlineSessions } from './api/online-session.ts'
import { type Permissions, permissions } from './api/permissions.ts'
import { type PublicKeys, publicKeys } from './api/public-keys.ts'
import { type Sessions, sessions } from './api/sessions.ts'
import { type SignIn, signIn } from './api/sign-in.ts'
import { type KsefTokens, ksefTokens } from './api/tokens.ts'
import { type Upos, upos } from './api/upo.ts'
import type { CallRecord } from './call-record.ts'
import { DEFAULT_TIMEOUTS, openAgent, type Timeouts } from './connection.ts'
import { type Guard, type KsefHttp, openHttp } from './http.ts'
import type { SystemWarning } from './system-warning.ts'

export type KsefClientOptions = {
  readonly baseUrl: string
  readonly userAgent?: string
  /** In milliseconds; see {@link DEFAULT_TIMEOUTS}. */
  readonly timeouts?: Partial<Timeouts>
  /** Called for each warning KSeF attaches to an answer. */
  readonly onSystemWarning?: (warning: SystemWarning) => void
  /** Called once per request, after it ended. */
  readonly onCall?: (call: CallRecord) => void
  /** Asked before each request, also those for the shared public keys; see {@link KsefClient.guardedBy}. */
  readonly admit?: Guard
  readonly now?: () => Date
  readonly sleep?: (ms: number) => Promise<void>
  /** Hosts (`host` or `host:port`) besides the base URL's that links in answers may point to, over https. */
  readonly fetchHosts?: readonly string[]
  /** Wraps the transport: sees every call before it leaves and its result before the caller does. */
  readonly transport?: (http: KsefHttp) => KsefHttp
}

/** A client of one KSeF environment. It keeps connections and public keys, never a token or a session. */
export type KsefClient = {
  readonly publicKeys: PublicKeys
  readonly signIn: SignIn
  readonly onlineSession: OnlineSessions
  readonly batchSession: BatchSessions
  readonly sessions: Sessions
  readonly upo: Upos
  readonly invoices: Invoices
  readonly invoiceExports: InvoiceExports
  readonly permissions: Permissions
  readonly tokens: KsefTokens
  readonly authSessions: AuthSessions
  readonly certificates: Certificates
  readonly limits: Limits
  /**
   * The same client, connections and public keys, whose calls are also told to `onCall`, e.g. to book them
   * on the company they are made for. Observers add up: whoever watches this client goes on seeing all.
   * Fetching the shared public keys is nobody's call and is told to the first client's observer only.
   */
  observedBy(onCall: (call: CallRecord) => void): KsefClient
  /**
   * The same client, whose requests first ask `admit`, also each page of a list, each poll of a sign-in and the repeat after
   * a retired key. Its failure is the call's: no request leaves and no observer is told. Guards add up, and the one
   * added first is asked first. Pre-signed links are not asked for, nor are the shared public keys.
   */
  guardedBy(admit: Guard): KsefClient
  /** Closes the connections, also those of `observedBy` and `guardedBy`; calls under way end first. May be called twice. */
  close(): Promise<void>
}

/** What every request of a client passes. */
type Door = { readonly onCall: (call: CallRecord) => void; readonly admit: Guard }

/**
 * Opens a client. Every method makes one request unless its comment says otherwise, and answers with a
 * {@link Result}; none throws for what KSeF or the network did.
 * @throws TypeError when `baseUrl` is no http(s) URL
 */
export function createKsefClient(options: KsefClientOptions): KsefClient {
  const baseUrl = new URL(options.baseUrl)
  if (!['https:', 'http:'].includes(baseUrl.protocol))
    throw new TypeError('baseUrl must be an http or https URL')
  const now = options.now ?? (() => new Date())
  const sleep = options.sleep ?? ((ms: number) => sleepFor(ms))
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
  const agent = openAgent(timeouts)
  const settings = {
    baseUrl,
    agent,
    timeouts,
    now,
    userAgent: options.userAgent ?? 'ksef-fleet',
    onSystemWarning: options.onSystemWarning ?? (() => {}),
  }
  const addresses = { baseUrl, fetchHosts: options.fetchHosts ?? [] }
  const transport = options.transport ?? ((http: KsefHttp) => http)
  const through = (door: Door): KsefHttp => transport(openHttp({ ...settings, ...door }))
  const first: Door = { onCall: options.onCall ?? (() => {}), admit: options.admit ?? (async () => null) }
  const keys = publicKeys(through(first), now)
  let closed: Promise<void> | undefined

  const clientBehind = (door: Door): KsefClient => {
    const http = through(door)
    const { onCall, admit } = door
    return {
      publicKeys: keys,
      signIn: signIn(http, keys, { now, sleep }),
      onlineSession: onlineSessions(http, keys),
      batchSession: batchSessions(http, keys, addresses),
      sessions: sessions(http),
      upo: upos(http, addresses),
      invoices: invoices(http),
      invoiceExports: invoiceExports(http, keys, addresses),
      permissions: permissions(http),
      tokens: ksefTokens(http),
      authSessions: authSessions(http),
      certificates: certificates(http),
      limits: limits(http),
      observedBy: (another) =>
        clientBehind({
          admit,
          onCall(call) {
            onCall(call)
            another(call)
          },
        }),
      guardedBy: (another) =>
        clientBehind({ onCall, admit: async (call) => (await admit(call)) ?? another(call) }),
      close() {
        closed ??= agent.close()
        return closed
      },
    }
  }
  return clientBehind(first)
}
