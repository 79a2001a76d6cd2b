/** Terms of the transaction: contracts, orders, delivery, transport. */
import { flag, inline, many, marked, may, must } from '../grammar/fields.ts'
import { body, named } from '../grammar/part.ts'
import { CURRENCY, code, day, moment, QUANTITY, text } from '../grammar/values.ts'
import { address, carrier } from './parties.ts'

const LOADS = {
  can: '1',
  barrel: '2',
  cylinder: '3',
  carton: '4',
  canister: '5',
  cage: '6',
  container: '7',
  basket: '8',
  punnet: '9',
  bulkPackaging: '10',
  parcel: '11',
  bundle: '12',
  pallet: '13',
  receptacle: '14',
  solidBulkContainer: '15',
  liquidBulkContainer: '16',
  box: '17',
  tin: '18',
  crate: '19',
  sack: '20',
} as const

const transport = named(
  'InvoiceTransport',
  body(
    {
      kind: may(
        'RodzajTransportu',
        code({ sea: '1', rail: '2', road: '3', air: '4', post: '5', pipeline: '7', inlandWaterway: '8' }),
        'Means of transport',
      ),
      otherKind: marked(['TransportInny', 'OpisInnegoTransportu'], text(50), {
        says: 'Means the list does not have',
      }),
      carrier: may('Przewoznik', carrier, 'Who carries'),
      orderNumber: may('NrZleceniaTransportu', text(256), 'Number of the transport order'),
      load: may('OpisLadunku', code(LOADS), 'Kind of load'),
      otherLoad: marked(['LadunekInny', 'OpisInnegoLadunku'], text(50), {
        says: 'A load the list does not have',
      }),
      packaging: may('JednostkaOpakowania', text(256), 'Packaging unit'),
      start: may('DataGodzRozpTransportu', moment, 'When it begins'),
      end: may('DataGodzZakTransportu', moment, 'When it ends'),
      from: may('WysylkaZ', address, 'Where it begins'),
      via: many('WysylkaPrzez', address, { max: 20, says: 'Where it passes' }),
      to: may('WysylkaDo', address, 'Where it ends'),
    },
    {
      one: [
        ['kind', 'otherKind'],
        ['load', 'otherLoad'],
      ],
    },
  ),
)

export const terms = named(
  'InvoiceTerms',
  body({
    contracts: many(
      'Umowy',
      body({ date: may('DataUmowy', day, 'Date'), number: may('NrUmowy', text(256), 'Number') }),
      { max: 100, says: 'Contracts' },
    ),
    orders: many(
      'Zamowienia',
      body({ date: may('DataZamowienia', day, 'Date'), number: may('NrZamowienia', text(256), 'Number') }),
      { max: 100, says: 'Orders' },
    ),
    batchNumbers: many('NrPartiiTowaru', text(256), { max: 1000, says: 'Numbers of batches of goods' }),
    delivery: may('WarunkiDostawy', text(256), 'Terms of delivery, Incoterms'),
    agreedRate: inline(
      {
        rate: must('KursUmowny', QUANTITY, 'The rate'),
        currency: must('WalutaUmowna', CURRENCY, 'The currency'),
      },
      'Rate agreed between the parties, where it is not the one of the VAT act',
    ),
    transports: many('Transport', transport, { max: 20, says: 'Transports' }),
    intermediary: flag('PodmiotPosredniczacy', 'Supplied by an intermediary of a chain (art. 22 ust. 2d)'),
  }),
)
