import { DOCUMENT_DIRECTIONS, DOCUMENT_FLAGS, type DocumentWithUpo } from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { Moment, momentOf } from './page.ts'

export const DocumentDirection = z.enum(DOCUMENT_DIRECTIONS).meta({
  id: 'DocumentDirection',
  description: '`outgoing`: the company is the seller; `incoming`: it is anything else.',
})

export const SubjectType = z.enum(['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized']).meta({
  id: 'SubjectType',
  description: "What the company is on the invoice, in KSeF's words: seller, buyer, third party, authorized.",
})

export const DocumentFlag = z.enum(DOCUMENT_FLAGS).meta({
  id: 'DocumentFlag',
  description:
    'Why it wants a look: `unknown-form` and `unreadable` say that it is no invoice this version knows; `hash-differs` and ' +
    '`number-differs` that it is not what KSeF’s metadata says.',
})

const IdentifierType = z.enum(['Nip', 'VatUe', 'InternalId', 'Other', 'None'])
const Amount = z
  .string()
  .nullable()
  .meta({ description: "An exact decimal in the invoice's currency; null where it states none." })

export const DocumentView = z
  .object({
    id: z.uuid(),
    companyId: z.uuid(),
    direction: DocumentDirection,
    roles: z.array(SubjectType),
    ksefNumber: z.string().nullable(),
    form: z.string().nullable().meta({ description: 'Such as `FA (3)`.' }),
    kind: z.string().nullable().meta({ description: 'RodzajFaktury; of a PEF `VAT_PEF` or `KOR_PEF`.' }),
    number: z.string().nullable().meta({ description: "Its issuer's own number, P_2." }),
    issueDate: z.string().nullable(),
    saleDate: z.string().nullable(),
    seller: z.object({ identifier: z.string().nullable(), name: z.string().nullable() }),
    buyer: z.object({
      identifierType: IdentifierType.nullable(),
      identifier: z.string().nullable(),
      name: z.string().nullable(),
    }),
    thirdParties: z
      .array(z.object({ identifierType: IdentifierType, identifier: z.string(), role: z.int().nullable() }))
      .meta({ description: 'Podmiot3 with an identifier, twenty at most.' }),
    currency: z.string().nullable(),
    net: Amount,
    vat: Amount,
    gross: Amount,
    corrected: z
      .object({ number: z.string().nullable(), ksefNumber: z.string().nullable(), count: z.int() })
      .nullable()
      .meta({ description: 'Of a correction: the first invoice it corrects, and how many there are.' }),
    isSelfInvoicing: z.boolean(),
    hasAttachment: z.boolean(),
    flag: DocumentFlag.nullable(),
    hash: z.string().meta({ description: 'SHA-256 of the XML, Base64.' }),
    size: z.int().meta({ description: 'Bytes of the XML.' }),
    permanentStorageDate: Moment.nullable().meta({ description: 'When KSeF stored it for good.' }),
    acquisitionDate: Moment.nullable().meta({ description: 'When KSeF gave it its number.' }),
    receivedAt: Moment.meta({ description: 'When it came here.' }),
    erasedAt: Moment.nullable(),
    links: z.object({
      self: z.string(),
      xml: z.string(),
      upo: z.string().optional(),
      invoice: z.string().optional().meta({ description: 'Its way to KSeF, when the fleet sent it.' }),
    }),
  })
  .meta({ id: 'Document', description: 'An invoice that is stored here, sent or received.' })

export function viewDocument(
  companyId: string,
  { header, upo }: DocumentWithUpo,
): z.infer<typeof DocumentView> {
  const company = companyLocation(companyId)
  const self = `${company}/documents/${header.documentId}`
  const isCorrection = header.correctedCount > 0
  return {
    id: header.documentId,
    companyId,
    direction: header.direction,
    roles: [...header.roles],
    ksefNumber: header.ksefNumber,
    form: header.form,
    kind: header.kind,
    number: header.number,
    issueDate: header.issueDate,
    saleDate: header.saleDate,
    seller: { identifier: header.sellerNip, name: header.sellerName },
    buyer: { identifierType: header.buyerIdType, identifier: header.buyerId, name: header.buyerName },
    thirdParties: header.thirdParties.map(({ type, value, role }) => ({
      identifierType: type,
      identifier: value,
      role,
    })),
    currency: header.currency,
    net: header.net,
    vat: header.vat,
    gross: header.gross,
    corrected: isCorrection
      ? {
          number: header.correctedNumber,
          ksefNumber: header.correctedKsefNumber,
          count: header.correctedCount,
        }
      : null,
    isSelfInvoicing: header.isSelfInvoicing,
    hasAttachment: header.hasAttachment,
    flag: header.flag,
    hash: header.hash,
    size: header.size,
    permanentStorageDate: momentOf(header.permanentStorageDate),
    acquisitionDate: momentOf(header.acquisitionDate),
    receivedAt: header.createdAt.toISOString(),
    erasedAt: momentOf(header.erasedAt),
    links: {
      self,
      xml: `${self}/xml`,
      ...(upo === null ? {} : { upo: `${self}/upo` }),
      ...(header.submissionId === null ? {} : { invoice: `${company}/invoices/${header.submissionId}` }),
    },
  }
}
