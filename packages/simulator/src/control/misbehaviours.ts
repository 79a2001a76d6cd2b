import type { BatchOutcome } from '../batch/batch.ts'
import type { Randomness } from '../randomness.ts'
import type { PackageFault } from '../retrieval/spoiled-package.ts'
import { type Countable, createArmoury } from './armoury.ts'

/**
 * What KSeF may say wrongly or unexpectedly, over a wire that works. Each strikes the occasions of its kind: the
 * next invoices received, the next sessions opened, the next duplicates, the next answers.
 */
export type Misbehaviour = Countable &
  (
    | {
        /**
         * The next invoices, or the next with that hash, end in this status and are not registered: 550, 500, any other. With
         * 100 or 150 they are stuck there for `forMs` of the simulator's clock (for ever without it) and then judged as usual.
         */
        kind: 'invoice-status'
        code: number
        description?: string
        details?: string[]
        extensions?: Record<string, string>
        forMs?: number
        invoiceHash?: string
      }
    /** The next sessions show this status whatever becomes of them. */
    | { kind: 'session-status'; code: number; description?: string; details?: string[] }
    /**
     * The next packages, or the next with that document in them, are refused as a whole: the session ends in this status
     * and no invoice of it is read.
     */
    | { kind: 'package-refused'; code: BatchOutcome['code']; details?: string[]; invoiceHash?: string }
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
    /** An export ends in this status; with 100 it is stuck there for `forMs`, or for ever without it. */
    | { kind: 'export-status'; code: 100 | 415 | 420 | 500 | 550; forMs?: number }
    /** What is in the package of an export, or how it is encrypted, is wrong; its hashes are those of what was meant. */
    | { kind: 'export-package'; fault: PackageFault }
  )

export type MisbehaviourKind = Misbehaviour['kind']
type Of<Kind extends MisbehaviourKind> = Extract<Misbehaviour, { kind: Kind }>

/** Every kind with the members it needs. */
export const MISBEHAVIOUR_MEMBERS: Record<MisbehaviourKind, readonly string[]> = {
  'invoice-status': ['code'],
  'session-status': ['code'],
  'package-refused': ['code'],
  'duplicate-of-wrong-session': [],
  'duplicate-without-extensions': [],
  'permanent-storage-date-null': [],
  'unknown-fields': [],
  'ksef-number-with-wrong-crc': [],
  'export-truncated': ['invoices'],
  'export-expired': [],
  'export-status': ['code'],
  'export-package': ['fault'],
}

export type Misbehaviours = {
  add(misbehaviour: Misbehaviour): void
  clear(): void
  list(): Misbehaviour[]
  /** What strikes this occasion, counted as used. */
  strike<Kind extends MisbehaviourKind>(kind: Kind, fits?: (one: Of<Kind>) => boolean): Of<Kind> | undefined
}

export function createMisbehaviours(randomness?: Randomness): Misbehaviours {
  const { add, clear, list, strike } = createArmoury<Misbehaviour>([], randomness)
  const isOf = <Kind extends MisbehaviourKind>(one: Misbehaviour | undefined, kind: Kind): one is Of<Kind> =>
    one?.kind === kind
  return {
    add,
    clear,
    list,
    strike: (kind, fits = () => true) => {
      const struck = strike((one) => isOf(one, kind) && fits(one))
      return isOf(struck, kind) ? struck : undefined
    },
  }
}
