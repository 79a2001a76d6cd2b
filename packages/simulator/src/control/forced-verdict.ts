import { later } from '../clock.ts'
import type { AcceptedInvoice, InvoiceStatus } from '../stores/sessions.ts'
import type { World } from '../world.ts'

/** What misbehaviours make of an invoice: the words of the OpenAPI for statuses that no request can bring about. */
const DESCRIPTIONS: Record<number, string> = {
  500: 'Nieznany błąd',
  550: 'Operacja została anulowana przez system',
}
const NEVER = new Date('9999-12-31T00:00:00.000Z')

export type Forced = {
  /** The status it ends in instead of being judged. */
  verdict?: InvoiceStatus
  /** The status it is stuck in until it settles. */
  stuckIn?: number
  settlesAt?: Date
}

/** Strikes once for each invoice received, or for that document only. */
export function forceVerdict(world: World, received: { receivedAt: Date; invoiceHash: string }): Forced {
  const { receivedAt } = received
  const forced = world.misbehaviours.strike(
    'invoice-status',
    ({ invoiceHash }) => invoiceHash === undefined || invoiceHash === received.invoiceHash,
  )
  if (forced === undefined) return {}
  const { code, description, details, extensions, forMs } = forced
  if (code < 200) {
    return { stuckIn: code, settlesAt: forMs === undefined ? NEVER : later(receivedAt, forMs) }
  }
  return {
    verdict: {
      code,
      description: description ?? DESCRIPTIONS[code] ?? `Status ${code}`,
      ...(details === undefined ? {} : { details }),
      ...(extensions === undefined ? {} : { extensions }),
    },
  }
}

const NO_SUCH_SESSION = '20260101-SO-0000000000-0000000000-00'

/** How status 440 names the original: truly, unless a misbehaviour strikes. */
export function originalOf(world: World, original: AcceptedInvoice): Pick<InvoiceStatus, 'extensions'> {
  if (world.misbehaviours.strike('duplicate-without-extensions') !== undefined) return {}
  const isWrong = world.misbehaviours.strike('duplicate-of-wrong-session') !== undefined
  return {
    extensions: {
      originalSessionReferenceNumber: isWrong ? NO_SUCH_SESSION : original.sessionReferenceNumber,
      originalKsefNumber: original.ksefNumber,
    },
  }
}
