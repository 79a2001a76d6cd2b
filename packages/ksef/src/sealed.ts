import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

const PLACEHOLDER = '[sealed]'

/**
 * A secret that cannot be printed by accident: string conversion, JSON, `util.inspect` and structured logs
 * all show `[sealed]`. The value leaves only through {@link Sealed.reveal}, which can be searched for.
 */
export class Sealed<out T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The secret itself. Call it where the secret is spent, never where it is passed on. */
  reveal(): T {
    return this.#value
  }

  /** Compares in time that depends on the lengths only. A string equals its UTF-8 bytes. */
  equals(this: Sealed<string | Uint8Array>, other: Sealed<string | Uint8Array>): boolean {
    const [own, theirs] = [Buffer.from(this.reveal()), Buffer.from(other.reveal())]
    return own.length === theirs.length && timingSafeEqual(own, theirs)
  }

  toString(): string {
    return PLACEHOLDER
  }

  toJSON(): string {
    return PLACEHOLDER
  }

  [Symbol.toPrimitive](): string {
    return PLACEHOLDER
  }

  [inspect.custom](): string {
    return PLACEHOLDER
  }
}
