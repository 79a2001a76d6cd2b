// The lighthouse ("Latarnia"), a host of its own: whether KSeF is available, as the Ministry announces it.
// Its addresses and answers: github.com/CIRFMF/ksef-latarnia, issues 5, 7, 8 and 34 of January to April 2026.
import * as z from 'zod'
import type { CallRecord } from '../call-record.ts'
import { DEFAULT_TIMEOUTS, openAgent, type Timeouts } from '../connection.ts'
import type { Result } from '../failure.ts'
import { openHttp } from '../http.ts'
import { wireDate } from '../wire-date.ts'

/** The lighthouses known. That of DEMO has no published address, and that of TEST shows a total failure whatever happens. */
export const LIGHTHOUSE_BASE_URLS = {
  test: 'https://api-latarnia-test.ksef.mf.gov.pl',
  production: 'https://api-latarnia.ksef.mf.gov.pl',
} as const

const LighthouseStatus = z.enum(['AVAILABLE', 'MAINTENANCE', 'FAILURE', 'TOTAL_FAILURE'])
export type LighthouseStatus = z.infer<typeof LighthouseStatus>

/** An announcement. Messages about one event share its `eventId`: a failure's start and its end. */
export type LighthouseMessage = {
  readonly id: string
  readonly eventId: string
  readonly category: 'FAILURE' | 'TOTAL_FAILURE' | 'MAINTENANCE'
  readonly type: 'FAILURE_START' | 'FAILURE_END' | 'MAINTENANCE_ANNOUNCEMENT'
  readonly title: string
  readonly text: string
  readonly start: Date
  readonly end: Date | null
  /** Counts up when the message is changed. */
  readonly version: number
  readonly published: Date
}

const LighthouseMessage = z.object({
  id: z.string().max(100),
  eventId: z.coerce.string().max(100),
  category: z.enum(['FAILURE', 'TOTAL_FAILURE', 'MAINTENANCE']),
  type: z.enum(['FAILURE_START', 'FAILURE_END', 'MAINTENANCE_ANNOUNCEMENT']),
  title: z.string().catch(''),
  text: z.string().catch(''),
  start: wireDate,
  end: wireDate.nullish().transform((end) => end ?? null),
  version: z.number().int(),
  published: wireDate,
})

/** A message of tomorrow's kind is left out, so that it does not hide the others. */
const LighthouseMessages = z
  .array(LighthouseMessage.optional().catch(undefined))
  .transform((messages): LighthouseMessage[] => messages.filter((message) => message !== undefined))

const LighthouseAnswer = z.object({
  status: LighthouseStatus,
  messages: LighthouseMessages.nullish().transform((messages) => messages ?? []),
})

export type LighthouseClient = {
  /** What holds now, with the messages that say so. */
  status(): Promise<
    Result<{ readonly status: LighthouseStatus; readonly messages: readonly LighthouseMessage[] }>
  >
  /** Every message published so far. */
  messages(): Promise<Result<readonly LighthouseMessage[]>>
  /** Closes the connections; calls under way end first. May be called twice. */
  close(): Promise<void>
}

export type LighthouseClientOptions = {
  /** One of {@link LIGHTHOUSE_BASE_URLS}, or a simulator's. */
  readonly baseUrl: string
  readonly userAgent?: string
  /** In milliseconds. */
  readonly timeouts?: Partial<Timeouts>
  /** Called once per request, after it ended. */
  readonly onCall?: (call: CallRecord) => void
  readonly now?: () => Date
}

/**
 * Opens a client. Each method makes one request and answers with a {@link Result}.
 * @throws TypeError when `baseUrl` is no http(s) URL
 */
export function createLighthouseClient(options: LighthouseClientOptions): LighthouseClient {
  const baseUrl = new URL(options.baseUrl)
  if (!['https:', 'http:'].includes(baseUrl.protocol))
    throw new TypeError('baseUrl must be an http or https URL')
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
  const agent = openAgent(timeouts)
  const http = openHttp({
    baseUrl,
    agent,
    timeouts,
    now: options.now ?? (() => new Date()),
    userAgent: options.userAgent ?? 'ksef-fleet',
    onSystemWarning: () => {},
    onCall: options.onCall ?? (() => {}),
    admit: async () => null,
  })
  const at = (path: string): URL => new URL(baseUrl.href.replace(/\/$/, '') + path)
  let closed: Promise<void> | undefined
  return {
    status: () => http.foreignJson('getLighthouseStatus', at('/status'), LighthouseAnswer),
    messages: () => http.foreignJson('listLighthouseMessages', at('/messages'), LighthouseMessages),
    close() {
      closed ??= agent.close()
      return closed
    },
  }
}
