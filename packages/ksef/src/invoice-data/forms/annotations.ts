/** Annotations the VAT act demands; each is written, whether it applies or not. */
import { inline, many, may, must, oneMark, orNone, yesNo } from '../grammar/fields.ts'
import { body, named, type Reader } from '../grammar/part.ts'
import { day, natural, text } from '../grammar/values.ts'

const TEXT = text(256)

const vehicle = body(
  {
    firstUse: must('P_22A', day, 'Date it was admitted to use'),
    line: must('P_NrWierszaNST', natural, 'Number of its line'),
    make: may('P_22BMK', TEXT, 'Make'),
    model: may('P_22BMD', TEXT, 'Model'),
    colour: may('P_22BK', TEXT, 'Colour'),
    registration: may('P_22BNR', TEXT, 'Registration number'),
    year: may('P_22BRP', TEXT, 'Year of production'),
    land: inline(
      {
        mileage: must('P_22B', TEXT, 'Mileage'),
        vin: may('P_22B1', TEXT, 'VIN'),
        bodyNumber: may('P_22B2', TEXT, 'Number of the body'),
        chassisNumber: may('P_22B3', TEXT, 'Number of the chassis'),
        frameNumber: may('P_22B4', TEXT, 'Number of the frame'),
        type: may('P_22BT', TEXT, 'Type'),
      },
      'A land vehicle',
    ),
    water: inline(
      {
        hours: must('P_22C', TEXT, 'Hours of use'),
        hullNumber: may('P_22C1', TEXT, 'Number of the hull'),
      },
      'A vessel',
    ),
    air: inline(
      {
        hours: must('P_22D', TEXT, 'Hours of use'),
        serialNumber: may('P_22D1', TEXT, 'Serial number'),
      },
      'An aircraft',
    ),
  },
  { one: [['land', 'water', 'air']] },
)

const MARGINS = {
  travelAgency: 'P_PMarzy_2',
  usedGoods: 'P_PMarzy_3_1',
  worksOfArt: 'P_PMarzy_3_2',
  collectibles: 'P_PMarzy_3_3',
} as const

const marginElement = orNone(
  'PMarzy',
  { none: 'P_PMarzyN', some: 'P_PMarzy' },
  { shape: { scheme: oneMark(MARGINS, 'Which') }, says: '' },
)
/** Which scheme it is says all there is to say. */
const margin = {
  ...oneMark(MARGINS, 'Margin scheme'),
  elements: marginElement.elements,
  write: (scheme: keyof typeof MARGINS | undefined, pointer: string) =>
    marginElement.write(scheme === undefined ? undefined : { scheme }, pointer),
  read: (from: Reader) => Object(marginElement.read(from)).scheme,
}

export const annotations = named(
  'InvoiceAnnotations',
  body({
    cashMethod: yesNo('P_16', 'Cash method'),
    selfInvoicing: yesNo('P_17', 'The buyer issues the invoice in the name of the seller'),
    reverseCharge: yesNo('P_18', 'The buyer settles the tax; filled in for the rates `oo` and `np II`'),
    splitPayment: yesNo('P_18A', 'Split payment; filled in above 15,000 PLN with a line of annex 15'),
    exemption: orNone(
      'Zwolnienie',
      { none: 'P_19N', some: 'P_19' },
      {
        shape: {
          act: may('P_19A', TEXT, 'Provision of the act'),
          directive: may('P_19B', TEXT, 'Provision of directive 2006/112/EC'),
          other: may('P_19C', TEXT, 'Another legal basis'),
        },
        choices: { one: [['act', 'directive', 'other']] },
        says: 'Why sales are exempt: exactly one basis',
      },
    ),
    newVehicles: orNone(
      'NoweSrodkiTransportu',
      { none: 'P_22N', some: 'P_22' },
      {
        shape: {
          noticeDue: yesNo('P_42_5', 'The duty of art. 42 ust. 5 applies'),
          vehicles: many('NowySrodekTransportu', vehicle, { max: 10_000, says: 'The vehicles' }),
        },
        says: 'New means of transport supplied within the EU',
      },
    ),
    triangular: yesNo('P_23', 'Simplified triangular transaction, second in line'),
    margin,
  }),
)
