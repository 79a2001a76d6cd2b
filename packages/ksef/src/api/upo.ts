// Official tag "Status wysyłki i UPO": the receipts; sesja-sprawdzenie-stanu-i-pobranie-upo.md.
import { sha256Base64 } from '../crypto/digest.ts'
import { failed, type Result, succeeded } from '../failure.ts'
import type { Document, KsefHttp } from '../http.ts'
import type { KsefOperation } from '../operations.ts'
import type { Sealed } from '../sealed.ts'
import { allowedAddress } from './allowed-address.ts'

/** An official receipt, the XML exactly as KSeF signed it. */
export type Upo = {
  readonly xml: Uint8Array
  /** SHA-256 of `xml` in Base64. */
  readonly hash: string
  /** Whether KSeF announced the same hash in `x-ms-meta-hash`; false when it announced none. */
  readonly hashConfirmed: boolean
}

export type Upos = {
  /**
   * Fetches through the link of a status answer, which spends no rate limit. Our access token is not sent.
   * Only https to KSeF's own host or to `fetchHosts` is followed; http only where the base URL itself is http.
   */
  download(url: string): Promise<Result<Upo>>
  ofInvoice(
    access: Sealed<string>,
    sessionReferenceNumber: string,
    invoiceReferenceNumber: string,
  ): Promise<Result<Upo>>
  /** One page of the session's collective UPO. */
  page(
    access: Sealed<string>,
    sessionReferenceNumber: string,
    upoReferenceNumber: string,
  ): Promise<Result<Upo>>
}

/** Checks a document against its announced hash: a cut or altered one must never be stored. */
export function checkedDocument(operation: KsefOperation, document: Document): Result<Upo> {
  const hash = sha256Base64(document.bytes)
  if (document.announcedHash !== undefined && document.announcedHash !== hash) {
    const description = `announced ${document.announcedHash.slice(0, 64)}, received ${hash}`
    return failed({
      operation,
      kind: 'unreadable',
      effect: 'none',
      code: 'HASH_HEADER_MISMATCH',
      description,
    })
  }
  return succeeded({ xml: document.bytes, hash, hashConfirmed: document.announcedHash !== undefined })
}

export function upos(http: KsefHttp, addresses: { baseUrl: URL; fetchHosts: readonly string[] }): Upos {
  const checked = (operation: KsefOperation, document: Result<Document>): Result<Upo> =>
    document.ok ? checkedDocument(operation, document.value) : document
  return {
    async download(address) {
      const operation = 'downloadUpo'
      const url = allowedAddress(address, addresses.baseUrl, addresses.fetchHosts)
      if (url !== null) return checked(operation, await http.foreignDocument(url))
      return failed({ operation, kind: 'refused', effect: 'none', code: 'UPO_ADDRESS_REFUSED' })
    },
    async ofInvoice(access, sessionReferenceNumber, invoiceReferenceNumber) {
      const operation = 'getInvoiceUpo'
      const path = { referenceNumber: sessionReferenceNumber, invoiceReferenceNumber }
      return checked(operation, await http.document({ operation, path, access }))
    },
    async page(access, sessionReferenceNumber, upoReferenceNumber) {
      const operation = 'getSessionUpo'
      const path = { referenceNumber: sessionReferenceNumber, upoReferenceNumber }
      return checked(operation, await http.document({ operation, path, access }))
    },
  }
}
