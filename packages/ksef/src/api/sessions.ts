// Official tag "Wysyłka i UPO" for reading: sessions and their invoices; sesja-sprawdzenie-stanu-i-pobranie-upo.md.
import * as z from 'zod'
import type { Result } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { absentDate, wireDate } from '../wire-date.ts'
import { type ListSessions, listSessions } from './session-list.ts'
import {
  absent,
  continuation,
  type InvoicingMode,
  invoicingMode,
  present,
  referenceNumber,
  status,
  type WireStatus,
} from './wire.ts'

/** One page of a session's collective UPO: up to 10,000 entries. The link needs no token and expires. */
export type UpoPage = {
  readonly referenceNumber: string
  readonly downloadUrl: string
  readonly downloadUrlExpirationDate: Date
}

export type SessionStatus = {
  /** See {@link meaningOfSessionStatus}. */
  readonly status: WireStatus
  readonly dateCreated?: Date
  readonly dateUpdated?: Date
  readonly validUntil?: Date
  readonly invoiceCount?: number
  readonly successfulInvoiceCount?: number
  readonly failedInvoiceCount?: number
  /** Empty until the collective UPO is made. */
  readonly upoPages: readonly UpoPage[]
}

/** An invoice within its session. For code 440, `original…` name the invoice that was there first. */
export type SessionInvoice = {
  /** See {@link meaningOfInvoiceStatus}. */
  readonly status: WireStatus
  readonly ordinalNumber?: number
  readonly referenceNumber: string
  /** SHA-256 of the plain XML in Base64: the only link to our document after a lost answer. */
  readonly invoiceHash?: string
  readonly invoiceNumber?: string
  readonly ksefNumber?: string
  readonly invoiceFileName?: string
  readonly acquisitionDate?: Date
  readonly invoicingDate?: Date
  readonly permanentStorageDate?: Date
  /** Told with the KSeF number. */
  readonly invoicingMode?: InvoicingMode
  readonly upoDownloadUrl?: string
  readonly upoDownloadUrlExpirationDate?: Date
  readonly originalKsefNumber?: string
  readonly originalSessionReferenceNumber?: string
}

export type SessionInvoicePage = {
  readonly invoices: readonly SessionInvoice[]
  readonly continuationToken?: string
}

const UpoPageResponse = z.object({
  referenceNumber,
  downloadUrl: z.string(),
  downloadUrlExpirationDate: wireDate,
})

export const SessionStatusResponse = z
  .object({
    status,
    dateCreated: absentDate,
    dateUpdated: absentDate,
    validUntil: absentDate,
    upo: absent(z.object({ pages: z.array(UpoPageResponse) })),
    invoiceCount: absent(z.number()),
    successfulInvoiceCount: absent(z.number()),
    failedInvoiceCount: absent(z.number()),
  })
  .transform(({ upo, ...rest }): SessionStatus => ({ ...present(rest), upoPages: upo?.pages ?? [] }))

export const SessionInvoiceResponse = z
  .object({
    status,
    ordinalNumber: absent(z.number()),
    referenceNumber,
    invoiceHash: absent(z.string()),
    invoiceNumber: absent(z.string()),
    ksefNumber: absent(z.string()),
    invoiceFileName: absent(z.string()),
    acquisitionDate: absentDate,
    invoicingDate: absentDate,
    permanentStorageDate: absentDate,
    invoicingMode,
    upoDownloadUrl: absent(z.string()),
    upoDownloadUrlExpirationDate: absentDate,
  })
  .transform((invoice): SessionInvoice => {
    const { originalKsefNumber, originalSessionReferenceNumber } = invoice.status.extensions
    return present({
      ...invoice,
      originalKsefNumber: originalKsefNumber ?? undefined,
      originalSessionReferenceNumber: originalSessionReferenceNumber ?? undefined,
    })
  })

export const SessionInvoicesResponse = z
  .object({ continuationToken: absent(z.string()), invoices: z.array(SessionInvoiceResponse) })
  .transform(({ invoices, continuationToken }): SessionInvoicePage => {
    const more = continuationToken !== undefined && continuationToken !== ''
    return more ? { invoices, continuationToken } : { invoices }
  })

export type Sessions = {
  status(access: Sealed<string>, sessionReferenceNumber: string): Promise<Result<SessionStatus>>
  invoice(
    access: Sealed<string>,
    sessionReferenceNumber: string,
    invoiceReferenceNumber: string,
  ): Promise<Result<SessionInvoice>>
  /** One page of the session's invoices. `pageSize` 10 to 1,000, 10 when left out. */
  invoices(
    access: Sealed<string>,
    sessionReferenceNumber: string,
    page?: { readonly pageSize?: number; readonly continuationToken?: string },
  ): Promise<Result<SessionInvoicePage>>
  readonly list: ListSessions
}

export const sessions = (http: KsefHttp): Sessions => ({
  list: listSessions(http),
  status(access, sessionReferenceNumber) {
    const path = { referenceNumber: sessionReferenceNumber }
    return http.json({ operation: 'getSessionStatus', path, access }, SessionStatusResponse)
  },
  invoice(access, sessionReferenceNumber, invoiceReferenceNumber) {
    const path = { referenceNumber: sessionReferenceNumber, invoiceReferenceNumber }
    return http.json({ operation: 'getSessionInvoice', path, access }, SessionInvoiceResponse)
  },
  invoices(access, sessionReferenceNumber, page = {}) {
    const path = { referenceNumber: sessionReferenceNumber }
    const headers = continuation(page.continuationToken)
    const query = { pageSize: page.pageSize }
    return http.json(
      { operation: 'listSessionInvoices', path, access, headers, query },
      SessionInvoicesResponse,
    )
  },
})
