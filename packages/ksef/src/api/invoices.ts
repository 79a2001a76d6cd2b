// Official tag "Pobieranie faktur"; pobieranie-faktur.md: metadata and single documents.
import * as z from 'zod'
import type { Result } from '../failure.ts'
import { succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { absentDate, wireDate } from '../wire-date.ts'
import { checkedDocument } from './upo.ts'
import { absent, type InvoicingMode, invoicingMode, present, wished } from './wire.ts'

export type SubjectType = 'Subject1' | 'Subject2' | 'Subject3' | 'SubjectAuthorized'

/** Which invoices, for a list and for an export. The range spans at most 100 days in UTC (2.7.1). */
export type InvoiceFilters = {
  readonly subjectType: SubjectType
  readonly dateRange: {
    readonly dateType: 'Issue' | 'Invoicing' | 'PermanentStorage'
    readonly from: Date
    /** Now, when left out. */
    readonly to?: Date
    /** Nothing past the moment up to which KSeF's archive is final; by `PermanentStorage` only. */
    readonly restrictToPermanentStorageHwmDate?: boolean
  }
  readonly ksefNumber?: string
  readonly invoiceNumber?: string
  readonly sellerNip?: string
}

export type MetadataQuery = InvoiceFilters & {
  /** Zero-based page and its size, 10 to 250. */
  readonly pageOffset?: number
  readonly pageSize?: number
  /** Oldest first or newest first by the date of the range; KSeF lists the newest first when left out. */
  readonly sortOrder?: 'Asc' | 'Desc'
}

/** What KSeF lists about an invoice, as far as it is needed here. */
export type InvoiceMetadata = {
  readonly ksefNumber: string
  readonly invoiceNumber?: string
  readonly issueDate?: string
  readonly invoicingDate?: Date
  /** When KSeF gave the number. */
  readonly acquisitionDate?: Date
  readonly permanentStorageDate?: Date
  readonly sellerNip?: string
  readonly invoiceType?: string
  readonly invoicingMode?: InvoicingMode
  readonly invoiceHash: string
}

export type InvoiceMetadataPage = {
  readonly invoices: readonly InvoiceMetadata[]
  readonly hasMore: boolean
  /** There are more than a set of filters gives (10,000): the range has to be narrowed. */
  readonly isTruncated: boolean
  /** By `PermanentStorage` only: up to here the list is complete and final. */
  readonly permanentStorageHwmDate?: Date
}

/** Body of `POST /invoices/query/metadata`. */
export const InvoiceQueryFilters = z.strictObject({
  subjectType: z.enum(['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized']),
  dateRange: z.strictObject({
    dateType: z.enum(['Issue', 'Invoicing', 'PermanentStorage']),
    from: z.iso.datetime(),
    to: z.iso.datetime().optional(),
    restrictToPermanentStorageHwmDate: z.boolean().optional(),
  }),
  ksefNumber: z.string().optional(),
  invoiceNumber: z.string().max(256).optional(),
  sellerNip: z.string().optional(),
})

export const Metadata = z
  .object({
    ksefNumber: z.string(),
    invoiceNumber: wished(z.string()),
    issueDate: wished(z.string()),
    invoicingDate: wished(wireDate),
    acquisitionDate: wished(wireDate),
    permanentStorageDate: wished(wireDate),
    seller: wished(z.object({ nip: absent(z.string()) })),
    invoiceType: wished(z.string()),
    invoicingMode,
    invoiceHash: z.string(),
  })
  .transform(({ seller, ...rest }): InvoiceMetadata => present({ ...rest, sellerNip: seller?.nip }))

export const QueryInvoicesMetadataResponse = z.object({
  hasMore: z.boolean(),
  isTruncated: z.boolean().catch(false),
  permanentStorageHwmDate: absentDate,
  invoices: z.array(Metadata),
})

/** The filters as KSeF reads them. */
export const metadataFilters = (query: InvoiceFilters): z.infer<typeof InvoiceQueryFilters> =>
  InvoiceQueryFilters.parse(
    present({
      subjectType: query.subjectType,
      dateRange: present({
        dateType: query.dateRange.dateType,
        from: query.dateRange.from.toISOString(),
        to: query.dateRange.to?.toISOString(),
        restrictToPermanentStorageHwmDate: query.dateRange.restrictToPermanentStorageHwmDate,
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
    const { pageOffset, pageSize, sortOrder } = query
    const page = { pageOffset, pageSize, sortOrder }
    const call = { operation: 'queryInvoiceMetadata', access, json, query: page } as const
    return http.json(
      call,
      QueryInvoicesMetadataResponse.transform((answer): InvoiceMetadataPage => present(answer)),
    )
  },
})
