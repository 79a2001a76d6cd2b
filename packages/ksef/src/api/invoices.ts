// Official tag "Pobieranie faktur"; pobieranie-faktur.md. So far what resolving a 440 needs.
import * as z from 'zod'
import type { Result } from '../failure.ts'
import { succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { wireDate } from '../wire-date.ts'
import { checkedDocument } from './upo.ts'
import { absent, present } from './wire.ts'

export type SubjectType = 'Subject1' | 'Subject2' | 'Subject3' | 'SubjectAuthorized'

/** Which invoices to list. The range spans at most 100 days in UTC (2.7.1). */
export type MetadataQuery = {
  readonly subjectType: SubjectType
  readonly dateRange: {
    readonly dateType: 'Issue' | 'Invoicing' | 'PermanentStorage'
    readonly from: Date
    readonly to?: Date
  }
  readonly ksefNumber?: string
  readonly invoiceNumber?: string
  readonly sellerNip?: string
  /** Zero-based page and its size, 10 to 250. */
  readonly pageOffset?: number
  readonly pageSize?: number
}

/** What KSeF lists about an invoice, as far as it is needed here. */
export type InvoiceMetadata = {
  readonly ksefNumber: string
  readonly invoiceNumber?: string
  readonly issueDate?: string
  readonly invoicingDate?: Date
  readonly permanentStorageDate?: Date
  readonly sellerNip?: string
  readonly invoiceType?: string
  readonly invoiceHash: string
}

export type InvoiceMetadataPage = {
  readonly invoices: readonly InvoiceMetadata[]
  readonly hasMore: boolean
  readonly isTruncated: boolean
}

/** Body of `POST /invoices/query/metadata`. */
export const InvoiceQueryFilters = z.strictObject({
  subjectType: z.enum(['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized']),
  dateRange: z.strictObject({
    dateType: z.enum(['Issue', 'Invoicing', 'PermanentStorage']),
    from: z.iso.datetime(),
    to: z.iso.datetime().optional(),
  }),
  ksefNumber: z.string().optional(),
  invoiceNumber: z.string().max(256).optional(),
  sellerNip: z.string().optional(),
})

const Metadata = z
  .object({
    ksefNumber: z.string(),
    invoiceNumber: absent(z.string()),
    issueDate: absent(z.string()),
    invoicingDate: absent(wireDate),
    permanentStorageDate: absent(wireDate),
    seller: absent(z.object({ nip: absent(z.string()) })),
    invoiceType: absent(z.string()),
    invoiceHash: z.string(),
  })
  .transform(({ seller, ...rest }): InvoiceMetadata => present({ ...rest, sellerNip: seller?.nip }))

export const QueryInvoicesMetadataResponse = z.object({
  hasMore: z.boolean(),
  isTruncated: z.boolean().catch(false),
  invoices: z.array(Metadata),
})

/** The request body of a metadata query. */
export const metadataFilters = (query: MetadataQuery): z.infer<typeof InvoiceQueryFilters> =>
  InvoiceQueryFilters.parse(
    present({
      subjectType: query.subjectType,
      dateRange: present({
        dateType: query.dateRange.dateType,
        from: query.dateRange.from.toISOString(),
        to: query.dateRange.to?.toISOString(),
      }),
      ksefNumber: query.ksefNumber,
      invoiceNumber: query.invoiceNumber,
      sellerNip: query.sellerNip,
    }),
  )

export type Invoices = {
  /** The invoice's XML and its SHA-256 in Base64. Needs `InvoiceRead`; 64 calls an hour per context. */
  byKsefNumber(
    access: Sealed<string>,
    ksefNumber: string,
  ): Promise<Result<{ readonly xml: Uint8Array; readonly hash: string }>>
  /** One page of metadata. Needs `InvoiceRead`; 20 calls an hour per context. */
  metadata(access: Sealed<string>, query: MetadataQuery): Promise<Result<InvoiceMetadataPage>>
}

export const invoices = (http: KsefHttp): Invoices => ({
  async byKsefNumber(access, ksefNumber) {
    const operation = 'getInvoice'
    const document = await http.document({ operation, path: { ksefNumber }, access })
    if (!document.ok) return document
    const checked = checkedDocument(operation, document.value)
    return checked.ok ? succeeded({ xml: checked.value.xml, hash: checked.value.hash }) : checked
  },
  metadata(access, query) {
    const json = metadataFilters(query)
    const page = { pageOffset: query.pageOffset, pageSize: query.pageSize }
    const call = { operation: 'queryInvoiceMetadata', access, json, query: page } as const
    return http.json(call, QueryInvoicesMetadataResponse)
  },
})
