// Official tag "Wysyłka interaktywna"; sesja-interaktywna.md of 10.07.2025.
import * as z from 'zod'
import type { EncryptedInvoice } from '../crypto/encrypted-invoice.ts'
import { type SessionKey, wrapKey } from '../crypto/session-key.ts'
import type { FormCode } from '../documents/form-code.ts'
import { type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { wireDate } from '../wire-date.ts'
import type { PublicKeys } from './public-keys.ts'
import { base64Hash, publicKeyId, referenceNumber } from './wire.ts'

/** Body of `POST /sessions/online`. */
export const OpenOnlineSessionRequest = z.strictObject({
  formCode: z.strictObject({ systemCode: z.string(), schemaVersion: z.string(), value: z.string() }),
  encryption: z.strictObject({
    encryptedSymmetricKey: z.base64(),
    initializationVector: z.base64().length(24),
    publicKeyId,
  }),
})
export const OpenOnlineSessionResponse = z.object({ referenceNumber, validUntil: wireDate })

/** Body of `POST /sessions/online/{referenceNumber}/invoices`. */
export const SendInvoiceRequest = z.strictObject({
  invoiceHash: base64Hash,
  invoiceSize: z.int().min(1),
  encryptedInvoiceHash: base64Hash,
  encryptedInvoiceSize: z.int().min(1),
  encryptedInvoiceContent: z.string(),
  offlineMode: z.boolean().optional(),
  hashOfCorrectedInvoice: base64Hash.optional(),
})
export const SendInvoiceResponse = z.object({ referenceNumber })

export type OnlineSession = { readonly referenceNumber: string; readonly validUntil: Date }

export type SendOptions = {
  /** Declares that the invoice was issued offline (tryby-offline.md). */
  readonly offlineMode?: boolean
  /** SHA-256 in Base64 of the offline invoice this one technically corrects (korekta-techniczna.md). */
  readonly hashOfCorrectedInvoice?: string
}

export type OnlineSessions = {
  /**
   * Opens a session for one form; it lives 12 hours. `key` encrypts every invoice of the session. When KSeF
   * says the public key was retired (21470, a definite refusal), the key list is fetched and the request
   * made once more.
   */
  open(
    access: Sealed<string>,
    opening: { readonly formCode: FormCode; readonly key: SessionKey },
  ): Promise<Result<OnlineSession>>
  /**
   * Sends one invoice, exactly one request. The reference number names the invoice within the session; its
   * registration follows asynchronously. Failure with effect `unknown`: look in the session's list by hash.
   */
  sendInvoice(
    access: Sealed<string>,
    sessionReferenceNumber: string,
    invoice: EncryptedInvoice & SendOptions,
  ): Promise<Result<{ readonly referenceNumber: string }>>
  /** Closes the session, which starts its collective UPO. Repeating is harmless: 21180 says `already-closed`. */
  close(access: Sealed<string>, sessionReferenceNumber: string): Promise<Result<'closed' | 'already-closed'>>
}

export function onlineSessions(http: KsefHttp, keys: PublicKeys): OnlineSessions {
  async function openOnce(
    ...[access, opening]: Parameters<OnlineSessions['open']>
  ): Promise<Result<OnlineSession>> {
    const publicKey = await keys.choose('SymmetricKeyEncryption')
    if (!publicKey.ok) return publicKey
    const { systemCode, schemaVersion, value } = opening.formCode
    const json = OpenOnlineSessionRequest.parse({
      formCode: { systemCode, schemaVersion, value },
      encryption: wrapKey(opening.key, publicKey.value),
    })
    return http.json({ operation: 'openOnlineSession', access, json }, OpenOnlineSessionResponse)
  }

  return {
    async open(access, opening) {
      const first = await openOnce(access, opening)
      if (first.ok || first.failure.code !== 'KSEF_PUBLIC_KEY_RETIRED') return first
      const refetched = await keys.refetch()
      return refetched.ok ? openOnce(access, opening) : refetched
    },
    async sendInvoice(access, sessionReferenceNumber, invoice) {
      const path = { referenceNumber: sessionReferenceNumber }
      const json = SendInvoiceRequest.parse(invoice)
      return http.json({ operation: 'sendInvoice', path, access, json }, SendInvoiceResponse)
    },
    async close(access, sessionReferenceNumber) {
      const path = { referenceNumber: sessionReferenceNumber }
      const answer = await http.empty({ operation: 'closeOnlineSession', path, access })
      if (answer.ok) return succeeded('closed')
      return answer.failure.code === 'SESSION_ALREADY_CLOSED' ? succeeded('already-closed') : answer
    },
  }
}
