import type { Randomness } from '../randomness.ts'
import { type Countable, createArmoury } from './armoury.ts'

/**
 * What KSeF may say wrongly or unexpectedly, over a wire that works. Each strikes the occasions of its kind: the
 * next invoices received, the next sessions opened, the next duplicates, the next answers.
 */
export type Misbehaviour = Countable &
  (
    | {
        /**
         * The next invoices end in this status and are not registered: 550, 500, any other. With 100 or 150 they are
         * stuck there for `forMs` of the simulator's clock (for ever without it) and then judged as usual.
         */
        kind: 'invoice-status'
        code: number
        description?: string
        details?: string[]
        extensions?: Record<string, string>
        forMs?: number
      }
    /** The next sessions show this status whatever becomes of them. */
    | { kind: 'session-status'; code: number; description?: string; details?: string[] }
    /** Status 440 names a session that never was. */
    | { kind: 'duplicate-of-wrong-session' }
    /** Status 440 does not name the original at all. */
    | { kind: 'duplicate-without-extensions' }
    /** An accepted invoice in a session has `permanentStorageDate: null`. */
    | { kind: 'permanent-storage-date-null' }
    /** Every object of a JSON answer has a member that no contract knows. */
    | { kind: 'unknown-fields' }
    /** The last two digits of a new KSeF number are not its CRC-8. */
    | { kind: 'ksef-number-with-wrong-crc' }
    /** An export ends after so many invoices and says so. */
    | { kind: 'export-truncated'; invoices: number }
    /** An export has expired (status 210) as soon as it is done. */
    | { kind: 'export-expired' }
  )

export type MisbehaviourKind = Misbehaviour['kind']
type Of<Kind extends MisbehaviourKind> = Extract<Misbehaviour, { kind: Kind }>

/** Every kind with the members it needs. */
export const MISBEHAVIOUR_MEMBERS: Record<MisbehaviourKind, readonly string[]> = {
  'invoice-status': ['code'],
  'session-status': ['code'],
  'duplicate-of-wrong-session': [],
  'duplicate-without-extensions': [],
  'permanent-storage-date-null': [],
  'unknown-fields': [],
  'ksef-number-with-wrong-crc': [],
  'export-truncated': ['invoices'],
  'export-expired': [],
}

export type Misbehaviours = {
  add(misbehaviour: Misbehaviour): void
  clear(): void
  list(): Misbehaviour[]
  /** What strikes this occasion, counted as used. */
  strike<Kind extends MisbehaviourKind>(kind: Kind): Of<Kind> | undefined
}

export function createMisbehaviours(randomness?: Randomness): Misbehaviours {
  const { add, clear, list, strike } = createArmoury<Misbehaviour>([], randomness)
  const isOf = <Kind extends MisbehaviourKind>(one: Misbehaviour | undefined, kind: Kind): one is Of<Kind> =>
    one?.kind === kind
  return {
    add,
    clear,
    list,
    strike: (kind) => {
      const struck = strike((one) => one.kind === kind)
      return isOf(struck, kind) ? struck : undefined
    },
  }
}
