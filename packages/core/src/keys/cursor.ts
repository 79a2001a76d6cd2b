/**
 * Cursors of lists: a position, signed for one company and one list, so that a cursor of another company, another list
 * or another hand is refused instead of followed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { encodeOwner } from '../secrets/sealer.ts'

const SIGNATURE_BYTES = 16

/** @param owner what the cursor is bound to, e.g. `['invoices', companyId]`. */
export function writeCursor(
  key: Uint8Array,
  owner: readonly string[],
  position: Record<string, string>,
): string {
  const body = Buffer.from(JSON.stringify(position))
  return Buffer.concat([sign(key, owner, body), body]).toString('base64url')
}

/** The position, or null when the cursor was not made by `writeCursor` for this owner. */
export function readCursor(
  key: Uint8Array,
  owner: readonly string[],
  cursor: string,
): Record<string, string> | null {
  const bytes = Buffer.from(cursor, 'base64url')
  const [signature, body] = [bytes.subarray(0, SIGNATURE_BYTES), bytes.subarray(SIGNATURE_BYTES)]
  if (signature.byteLength !== SIGNATURE_BYTES) return null
  if (!timingSafeEqual(signature, sign(key, owner, body))) return null
  return JSON.parse(body.toString('utf8'))
}

function sign(key: Uint8Array, owner: readonly string[], body: Buffer): Buffer {
  const derived = createHmac('sha256', key).update('ksef-fleet cursors').digest()
  return createHmac('sha256', derived)
    .update(encodeOwner(owner))
    .update(body)
    .digest()
    .subarray(0, SIGNATURE_BYTES)
}
