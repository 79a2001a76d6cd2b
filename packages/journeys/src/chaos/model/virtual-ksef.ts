/** KSeF as far as one company's sessions go: unique numbers, verdicts that take their time, lists that lag. */
import {
  type KsefFailure,
  ksefNumberCrc,
  type Result,
  type SessionInvoice,
  type SessionStatus,
} from '@ksef-fleet/ksef'

export const NIP = '5265877635'
const PROCESSING_SECONDS = 1
const LIST_LAG_SECONDS = 8

export const numberOf = (serial: number): string => {
  const stem = `${NIP}-20261128-${serial.toString(16).toUpperCase().padStart(12, '0')}-`
  return `${stem}${ksefNumberCrc(stem)}`
}
const NUMBERS = Array.from({ length: 64 }, (_, serial) => numberOf(serial))

export type KsefInvoice = {
  reference: string
  hash: string
  code: number
  serial: number
  visibleAt: number
  settlesAt: number
  original: { serial: number; session: number } | null
}
export type KsefSession = { open: boolean; invoices: KsefInvoice[] }
/** Who holds a number: the document and where it was registered. */
export type Registered = { number: string; hash: string; serial: number; session: number }

export type VirtualKsef = {
  sessions: KsefSession[]
  registered: Registered[]
  serials: number
  /** Posts of bytes that were registered already. */
  needless: number
  posts: number
}

/** A session of another system holds whatever was registered before the fleet came. */
export function newKsef(taken: readonly { number: string; hash: string }[]): VirtualKsef {
  const elsewhere: KsefSession = { open: false, invoices: [] }
  const ksef: VirtualKsef = { sessions: [elsewhere], registered: [], serials: 0, needless: 0, posts: 0 }
  for (const { number, hash } of taken)
    receive(ksef, 0, { number, hash, now: -100, late: false, cancelled: false })
  return ksef
}

/** Entries change no more once they are made, so that copies may share them. */
export const copyKsef = (ksef: VirtualKsef): VirtualKsef => ({
  ...ksef,
  sessions: ksef.sessions.map(({ open, invoices }) => ({ open, invoices: invoices.slice() })),
  registered: ksef.registered.slice(),
})

export function openSession(ksef: VirtualKsef): number {
  return ksef.sessions.push({ open: true, invoices: [] }) - 1
}

export type Post = { number: string; hash: string; now: number; late: boolean; cancelled: boolean }

/** The POST of an invoice into an open session. */
export function receive(ksef: VirtualKsef, at: number, post: Post): string {
  const { number, hash, now, late, cancelled } = post
  const session = ksef.sessions[at]
  const earlier = ksef.registered.find((one) => one.number === number)
  if (earlier?.hash === hash) ksef.needless += 1
  ksef.posts += 1
  const registers = earlier === undefined && !cancelled
  const serial = registers ? ksef.serials++ : -1
  if (registers) ksef.registered.push({ number, hash, serial, session: at })
  const reference = `${at}-${session?.invoices.length ?? 0}`
  session?.invoices.push({
    reference,
    hash,
    serial,
    code: cancelled ? 550 : registers ? 200 : 440,
    visibleAt: late ? now + LIST_LAG_SECONDS : now,
    settlesAt: now + PROCESSING_SECONDS,
    original:
      registers || earlier === undefined ? null : { serial: earlier.serial, session: earlier.session },
  })
  return reference
}

const NO_WORDS = { description: '', details: [], extensions: {} }

function viewOf(invoice: KsefInvoice, now: number): SessionInvoice {
  const { reference, hash, code, serial, original, settlesAt } = invoice
  const base = { referenceNumber: reference, invoiceHash: hash }
  if (settlesAt > now) return { ...base, status: { code: 150, ...NO_WORDS } }
  if (code === 200) return { ...base, status: { code, ...NO_WORDS }, ksefNumber: NUMBERS[serial] ?? '' }
  const status = { code, ...NO_WORDS }
  if (original === null) return { ...base, status }
  const originalKsefNumber = NUMBERS[original.serial] ?? ''
  return { ...base, status, originalKsefNumber, originalSessionReferenceNumber: String(original.session) }
}

export function listOf(ksef: VirtualKsef, at: number, now: number): SessionInvoice[] {
  const invoices = ksef.sessions[at]?.invoices ?? []
  return invoices.filter(({ visibleAt }) => visibleAt <= now).map((invoice) => viewOf(invoice, now))
}

/** Its own status is there at once: only lists lag. */
export function statusOf(
  ksef: VirtualKsef,
  at: number,
  look: { reference: string; now: number },
): SessionInvoice | null {
  const found = ksef.sessions[at]?.invoices.find(({ reference }) => reference === look.reference)
  return found === undefined ? null : viewOf(found, look.now)
}

export function sessionStatusOf(ksef: VirtualKsef, at: number, now: number): SessionStatus {
  const session = ksef.sessions[at]
  const invoices = session?.invoices ?? []
  const busy = session?.open === true || invoices.some(({ settlesAt }) => settlesAt > now)
  const code = busy ? 150 : invoices.length === 0 ? 440 : 200
  return { status: { code, ...NO_WORDS }, invoiceCount: invoices.length, upoPages: [] }
}

const failure = (more: Pick<KsefFailure, 'kind' | 'effect' | 'code'>): Result<never> => ({
  ok: false,
  failure: { operation: 'sendInvoice', ...more },
})
export const NO_ANSWER = failure({ kind: 'no-answer', effect: 'unknown', code: 'KSEF_NO_ANSWER' })
export const UNREACHABLE = failure({ kind: 'connection', effect: 'none', code: 'KSEF_UNREACHABLE' })
export const SERVER_ERROR = failure({ kind: 'server', effect: 'unknown', code: 'KSEF_SERVER_ERROR' })
export const CLOSED = failure({ kind: 'refused', effect: 'none', code: 'SESSION_CLOSED' })
export const PAUSED = failure({ kind: 'refused', effect: 'none', code: 'SESSION_PAUSED' })
