import { FORMS } from '../../documents/form-code.ts'
import { type Edit, edited, element } from './edit-invoice.ts'

/** The day it is when the examples are checked, which is the base invoice's date of issue. */
export const EXAMPLE_NOW = new Date('2026-11-20T12:00:00Z')

export const SELLER_NIP = '5265877635'

const line = (number: number, name: string, amounts: Readonly<Record<string, string>>): string =>
  element(
    'FaWiersz',
    element('NrWierszaFa', String(number)),
    element('P_7', name),
    element('P_8A', 'szt.'),
    ...Object.entries(amounts).map(([field, value]) => element(field, value)),
  )

/** Two lines, at 23 % and at 8 %, by transfer in two weeks: what every example is a change of. */
const BASE = `<?xml version="1.0" encoding="UTF-8"?>
<Faktura xmlns="${FORMS['FA (3)'].namespace}">
<Naglowek><KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza><WariantFormularza>3</WariantFormularza><DataWytworzeniaFa>2026-11-20T08:00:00Z</DataWytworzeniaFa></Naglowek>
<Podmiot1><DaneIdentyfikacyjne><NIP>${SELLER_NIP}</NIP><Nazwa>Rusztowania Wisła sp. z o.o.</Nazwa></DaneIdentyfikacyjne><Adres><KodKraju>PL</KodKraju><AdresL1>ul. Nadrzeczna 8, 80-001 Gdańsk</AdresL1></Adres></Podmiot1>
<Podmiot2><DaneIdentyfikacyjne><NIP>1234563218</NIP><Nazwa>Pracownia Cegła s.c.</Nazwa></DaneIdentyfikacyjne><Adres><KodKraju>PL</KodKraju><AdresL1>pl. Murarski 2, 31-002 Kraków</AdresL1></Adres><JST>2</JST><GV>2</GV></Podmiot2>
<Fa><KodWaluty>PLN</KodWaluty><P_1>2026-11-20</P_1><P_2>FV/1</P_2>
<P_13_1>100.00</P_13_1><P_14_1>23.00</P_14_1><P_13_2>200.00</P_13_2><P_14_2>16.00</P_14_2><P_15>339.00</P_15>
<Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18><P_18A>2</P_18A><Zwolnienie><P_19N>1</P_19N></Zwolnienie><NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23><PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>
<RodzajFaktury>VAT</RodzajFaktury>
${line(1, 'Najem rusztowania', { P_8B: '2', P_9A: '50.00', P_11: '100.00', P_12: '23' })}
${line(2, 'Montaż w budynku mieszkalnym', { P_8B: '1', P_9A: '200.00', P_11: '200.00', P_12: '8' })}
<Platnosc><TerminPlatnosci><Termin>2026-12-04</Termin></TerminPlatnosci><FormaPlatnosci>6</FormaPlatnosci><RachunekBankowy><NrRB>61109010140000071219812874</NrRB></RachunekBankowy></Platnosc>
</Fa>
</Faktura>
`

/** The base invoice, changed: XML that keeps the schema. */
export const exampleInvoice = (edits: readonly Edit[]): Uint8Array => Buffer.from(edited(BASE, edits), 'utf8')
