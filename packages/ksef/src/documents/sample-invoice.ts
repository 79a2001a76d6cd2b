import { xmlText } from '../xml-text.ts'
import { FORMS } from './form-code.ts'

/** One line of a sample: amounts in grosze (0.01 PLN), net, at 23 % VAT. */
export type SampleLine = {
  readonly name: string
  readonly quantity: number
  readonly unitPriceGrosze: number
}

export type SampleRequest = {
  readonly form: 'FA (2)' | 'FA (3)'
  readonly sellerNip: string
  readonly buyerNip: string
  readonly number: string
  /** `YYYY-MM-DD` */
  readonly issueDate: string
  readonly lines?: readonly SampleLine[]
  /** Fills the file with a comment up to exactly this size. */
  readonly padToBytes?: number
}

const VAT_PERCENT = 23
const DEFAULT_LINES: readonly SampleLine[] = [
  { name: 'Najem rusztowania, doba', quantity: 14, unitPriceGrosze: 18_550 },
  { name: 'Transport i montaż', quantity: 1, unitPriceGrosze: 92_000 },
]

const amount = (grosze: number): string => (grosze / 100).toFixed(2)
const element = (name: string, content: string): string => `<${name}>${content}</${name}>`
const party = (nip: string, name: string): string =>
  element('DaneIdentyfikacyjne', element('NIP', nip) + element('Nazwa', name))
const address = (line: string): string =>
  element('Adres', element('KodKraju', 'PL') + element('AdresL1', line))

function heading({ form, issueDate }: SampleRequest): string {
  const { code } = FORMS[form]
  const variant = form === 'FA (2)' ? '2' : '3'
  const formCode = `<KodFormularza kodSystemowy="${code.systemCode}" wersjaSchemy="${code.schemaVersion}">FA</KodFormularza>`
  const made = element('DataWytworzeniaFa', `${issueDate}T06:30:00Z`)
  return element(
    'Naglowek',
    formCode + element('WariantFormularza', variant) + made + element('SystemInfo', 'KSeF Fleet'),
  )
}

/** FA(3) asks of every buyer whether it is a local-government unit or a member of a VAT group; 2 means no. */
function parties({ form, sellerNip, buyerNip }: SampleRequest): string {
  const declarations = form === 'FA (3)' ? element('JST', '2') + element('GV', '2') : ''
  const seller = party(sellerNip, 'Rusztowania Wisła sp. z o.o.') + address('ul. Nadrzeczna 8, 80-001 Gdańsk')
  const buyer = party(buyerNip, 'Pracownia Cegła s.c.') + address('pl. Murarski 2/5, 31-002 Kraków')
  return element('Podmiot1', seller) + element('Podmiot2', buyer + declarations)
}

/** None of the special procedures applies: 2 is no, and the optional choices say so by their N element. */
const ANNOTATIONS = element(
  'Adnotacje',
  ['P_16', 'P_17', 'P_18', 'P_18A'].map((name) => element(name, '2')).join('') +
    element('Zwolnienie', element('P_19N', '1')) +
    element('NoweSrodkiTransportu', element('P_22N', '1')) +
    element('P_23', '2') +
    element('PMarzy', element('P_PMarzyN', '1')),
)

const row = (line: SampleLine, index: number): string =>
  element(
    'FaWiersz',
    element('NrWierszaFa', String(index + 1)) +
      element('P_7', xmlText(line.name)) +
      element('P_8A', 'szt.') +
      element('P_8B', String(line.quantity)) +
      element('P_9A', amount(line.unitPriceGrosze)) +
      element('P_11', amount(line.quantity * line.unitPriceGrosze)) +
      element('P_12', String(VAT_PERCENT)),
  )

function body(request: SampleRequest): string {
  const lines = request.lines ?? DEFAULT_LINES
  const net = lines.reduce((sum, line) => sum + line.quantity * line.unitPriceGrosze, 0)
  const vat = Math.round((net * VAT_PERCENT) / 100)
  return element(
    'Fa',
    element('KodWaluty', 'PLN') +
      element('P_1', request.issueDate) +
      element('P_2', xmlText(request.number)) +
      element('P_13_1', amount(net)) +
      element('P_14_1', amount(vat)) +
      element('P_15', amount(net + vat)) +
      ANNOTATIONS +
      element('RodzajFaktury', 'VAT') +
      lines.map(row).join(''),
  )
}

const COMMENT_BYTES = '<!---->'.length

/**
 * Makes a small valid invoice for tests and demonstrations: two invented companies, lines at 23 % VAT. It is
 * deterministic: the same request gives the same bytes.
 * @throws RangeError when `padToBytes` is smaller than the invoice
 */
export function sampleInvoice(request: SampleRequest): Uint8Array {
  const open = `<?xml version="1.0" encoding="UTF-8"?>\n<Faktura xmlns="${FORMS[request.form].namespace}">`
  const content = heading(request) + parties(request) + body(request)
  const bare = Buffer.from(`${open}${content}</Faktura>\n`, 'utf8')
  if (request.padToBytes === undefined || request.padToBytes === bare.length) return bare
  const missing = request.padToBytes - bare.length - COMMENT_BYTES
  if (missing < 0) throw new RangeError(`this invoice has ${bare.length} bytes already`)
  return Buffer.from(`${open}<!--${'.'.repeat(missing)}-->${content}</Faktura>\n`, 'utf8')
}
