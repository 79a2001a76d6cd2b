import { setTimeout as sleepFor } from 'node:timers/promises'
import { type AuthSessions, authSessions } from './api/auth-sessions.ts'
import { type Certificates, certificates } from './api/certificates.ts'
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
import { type KsefHttp, openHttp } from './http.ts'
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
  readonly now?: () => Date
  readonly sleep?: (ms: number) => Promise<void>
  /** Hosts (`host` or `host:port`) besides the base URL's that links in answers may point to, over https. */
  readonly fetchHosts?: readonly string[]
}

/** A client of one KSeF environment. It keeps connections and public keys, never a token or a session. */
export type KsefClient = {
  readonly publicKeys: PublicKeys
  readonly signIn: SignIn
  readonly onlineSession: OnlineSessions
  readonly sessions: Sessions
  readonly upo: Upos
  readonly invoices: Invoices
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
  /** Closes the connections, also those of `observedBy`; calls under way end first. May be called twice. */
  close(): Promise<void>
}

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
  const watched = (onCall: (call: CallRecord) => void): KsefHttp => openHttp({ ...settings, onCall })
  const first = options.onCall ?? (() => {})
  const keys = publicKeys(watched(first), now)
  let closed: Promise<void> | undefined

  const clientWatchedBy = (onCall: (call: CallRecord) => void): KsefClient => {
    const http = watched(onCall)
    return {
      publicKeys: keys,
      signIn: signIn(http, keys, { now, sleep }),
      onlineSession: onlineSessions(http, keys),
      sessions: sessions(http),
      upo: upos(http, addresses),
      invoices: invoices(http),
      permissions: permissions(http),
      tokens: ksefTokens(http),
      authSessions: authSessions(http),
      certificates: certificates(http),
      limits: limits(http),
      observedBy: (another) =>
        clientWatchedBy((call) => {
          onCall(call)
          another(call)
        }),
      close() {
        closed ??= agent.close()
        return closed
      },
    }
  }
  return clientWatchedBy(first)
}
