/** Who stands on an invoice, as FA(3), FA(2) and FA_RR(1) say it. */

import type * as z from 'zod'
import { always, flag, inline, many, marked, may, must, within, yesNo } from '../grammar/fields.ts'
import { body, named, type Value } from '../grammar/part.ts'
import {
  COUNTRY,
  code,
  EMAIL,
  KSEF_NUMBER,
  matching,
  NIP,
  PERCENT,
  text,
  verbatim,
  word,
} from '../grammar/values.ts'

export const address = named(
  'InvoiceAddress',
  body({
    country: always('KodKraju', COUNTRY, { otherwise: 'PL', says: 'Country; `PL` when left out' }),
    line1: must('AdresL1', text(512), 'Street and house, or a whole address'),
    line2: may('AdresL2', text(512), 'Postal code and town'),
    gln: may('GLN', text(13), 'Global location number'),
  }),
)

export type Address = z.output<typeof address.schema>

const PHONE = text(16)
const CONTACTS_MAX = 3

const contactAs = (names: { email: string; phone: string }) =>
  body({ email: may(names.email, EMAIL, 'E-mail'), phone: may(names.phone, PHONE, 'Telephone') })

export const contact = named('InvoiceContact', contactAs({ email: 'Email', phone: 'Telefon' }))
export type Contact = z.output<typeof contact.schema>

const contacts = (value: typeof contact = contact) =>
  many('DaneKontaktowe', value, { max: CONTACTS_MAX, says: 'Contacts' })

const places = {
  correspondenceAddress: may('AdresKoresp', address, 'Address for letters'),
}
const eori = may('NrEORI', text(256), 'EORI number')
const NAME = text(512)
/** A country's prefix and the number, written as one. */
const EU_VAT_ID = matching(/^[A-Z]{2}[\dA-Z+*]{1,12}$/, 'an EU VAT number with its country, like DE811569869')

/** Prefix and number are elements of their own. */
const euVatId = {
  ...may('NrVatUE', EU_VAT_ID, ''),
  schema: EU_VAT_ID.schema
    .meta({ description: 'VAT number in another EU country, with its prefix (KodUE, NrVatUE)' })
    .exactOptional(),
  elements: ['KodUE', 'NrVatUE'].map((name) => ({ name, shape: null })),
  write: (id: string | undefined, pointer: string) =>
    id === undefined
      ? []
      : [
          { name: 'KodUE', content: id.slice(0, 2), pointer },
          { name: 'NrVatUE', content: id.slice(2), pointer },
        ],
  read(from: Parameters<ReturnType<typeof may>['read']>[0]) {
    const [prefix, number] = [from.take('KodUE')[0], from.take('NrVatUE')[0]]
    return prefix === undefined || number === undefined ? undefined : `${prefix.content}${number.content}`
  },
}

const otherId = inline(
  {
    country: may('KodKraju', COUNTRY, 'Country that gave the number'),
    number: must('NrID', verbatim(50), 'The number'),
  },
  'Tax number of a country outside the EU, or another identifier (KodKraju, NrID)',
)
const withoutId = flag('BrakID', 'Has no tax number: a consumer, say. Filled in when no number is given')

const nip = may('NIP', NIP, 'Polish tax number')
const foreign = { euVatId, otherId, withoutId }
const identity = { nip, ...foreign }
const name = may('Nazwa', NAME, 'Full name')

/** Who has a NIP and a name in every case; the company's own are filled in. */
const known = within('DaneIdentyfikacyjne', { nip, name })

const status = may(
  'StatusInfoPodatnika',
  code({ inLiquidation: '1', inRestructuring: '2', bankrupt: '3', inheritedEnterprise: '4' }),
  'State of the enterprise',
)

export const seller = named(
  'InvoiceSeller',
  body({
    vatPrefix: may('PrefiksPodatnika', word(['PL']), '`PL` for transactions within the EU'),
    eori,
    ...known,
    address: may('Adres', address, 'Address'),
    ...places,
    contacts: contacts(),
    status,
  }),
)

const buyerFields = {
  eori,
  ...within('DaneIdentyfikacyjne', { ...identity, name }),
  address: may('Adres', address, 'Address'),
  ...places,
  contacts: contacts(),
  customerNumber: may('NrKlienta', text(256), "Customer's number in the contract or order"),
  key: may('IDNabywcy', text(32), 'Ties the buyer to its data before a correction'),
}

const IDENTIFIED = { few: [['nip', 'euVatId', 'otherId', 'withoutId']] }

export const buyer = named(
  'InvoiceBuyer',
  body(
    {
      ...buyerFields,
      jst: yesNo('JST', 'The invoice concerns a unit subordinate to a local government (JST)'),
      gv: yesNo('GV', 'The invoice concerns a member of a VAT group'),
    },
    IDENTIFIED,
  ),
)
/** FA(2) knows no units and no groups. */
export const buyerOfFa2 = body(buyerFields, IDENTIFIED)

const ROLES = {
  factor: '1',
  recipient: '2',
  originalEntity: '3',
  additionalBuyer: '4',
  issuer: '5',
  payer: '6',
  jstIssuer: '7',
  jstRecipient: '8',
  vatGroupIssuer: '9',
  vatGroupRecipient: '10',
  employee: '11',
} as const

const internalId = may(
  'IDWew',
  matching(/^[1-9]((\d[1-9])|([1-9]\d))\d{7}-\d{5}$/, 'a NIP, a dash and five digits'),
  'Internal identifier: a NIP, a dash, five digits',
)
const roles = {
  role: may('Rola', code(ROLES), 'Role'),
  otherRole: marked(['RolaInna', 'OpisRoli'], text(256), { says: 'A role the list does not have' }),
}

const ONE_ROLE = ['role', 'otherRole']

export const thirdParty = named(
  'InvoiceThirdParty',
  body(
    {
      key: may('IDNabywcy', text(32), 'Ties an additional buyer to its data before a correction'),
      eori,
      ...within('DaneIdentyfikacyjne', { nip, internalId, ...foreign, name }),
      address: may('Adres', address, 'Address'),
      ...places,
      contacts: contacts(),
      ...roles,
      share: may('Udzial', PERCENT, 'Share of an additional buyer in percent'),
      customerNumber: may('NrKlienta', text(256), 'Customer number in the contract or order'),
    },
    { one: [ONE_ROLE], few: [['nip', 'internalId', 'euVatId', 'otherId', 'withoutId']] },
  ),
)

export const authorizedParty = named(
  'InvoiceAuthorizedParty',
  body({
    eori,
    ...known,
    address: may('Adres', address, 'Address'),
    ...places,
    contacts: contacts(contactAs({ email: 'EmailPU', phone: 'TelefonPU' })),
    role: must(
      'RolaPU',
      code({ enforcementAuthority: '1', bailiff: '2', taxRepresentative: '3' }),
      'In what role it acts',
    ),
  }),
)

/** The seller as it stood on the invoice that is corrected. */
export const sellerBefore = body({
  vatPrefix: may('PrefiksPodatnika', word(['PL']), '`PL` for transactions within the EU'),
  ...known,
  address: must('Adres', address, 'Address'),
})

export const buyerBefore = body(
  {
    ...within('DaneIdentyfikacyjne', { ...identity, name }),
    address: may('Adres', address, 'Address'),
    key: may('IDNabywcy', text(32), 'The same key as the buyer’s'),
  },
  IDENTIFIED,
)

/** Who carries goods. */
export const carrier = named(
  'InvoiceCarrier',
  body(
    {
      ...within('DaneIdentyfikacyjne', { ...identity, name }),
      address: must('AdresPrzewoznika', address, 'Address'),
    },
    IDENTIFIED,
  ),
)

const { originalEntity, additionalBuyer: _additionalBuyer, ...others } = ROLES

/** FA_RR(1): supplier, buyer and third parties. */
export const supplierRr = named(
  'InvoiceRrSupplier',
  body({
    ...known,
    address: may('Adres', address, 'Address'),
    ...places,
    contacts: contacts(),
    contractorNumber: may('NrKontrahenta', text(256), "Supplier's number in the contract or order"),
  }),
)
export const buyerRr = named(
  'InvoiceRrBuyer',
  body({
    ...known,
    address: may('Adres', address, 'Address'),
    ...places,
    contacts: contacts(),
    status,
  }),
)
export const thirdPartyRr = named(
  'InvoiceRrThirdParty',
  body(
    {
      ...within('DaneIdentyfikacyjne', { nip, internalId, withoutId, name }),
      address: may('Adres', address, 'Address'),
      ...places,
      contacts: contacts(),
      role: may('Rola', code({ originalEntity, ...others }), 'Role'),
      otherRole: roles.otherRole,
    },
    { one: [ONE_ROLE], few: [['nip', 'internalId', 'withoutId']] },
  ),
)
export const partyBeforeRr = body({ ...known, address: must('Adres', address, 'Address') })

/** The invoice that is corrected. */
export const correctedInvoice = (day: Value<z.ZodISODate>) =>
  body({
    issueDate: must('DataWystFaKorygowanej', day, 'Its date of issue'),
    number: must('NrFaKorygowanej', text(256), 'Its number'),
    ksefNumber: marked(['NrKSeF', 'NrKSeFFaKorygowanej'], KSEF_NUMBER, {
      unmarked: 'NrKSeFN',
      says: 'Its KSeF number; left out when it was issued outside KSeF',
    }),
  })
