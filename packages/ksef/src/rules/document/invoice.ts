import type { SystemCode } from '../../documents/form-code.ts'
import type { InvoiceFacts, NipAt } from '../../documents/read-invoice.ts'
import { type InvoiceLine, lineOf } from './invoice-line.ts'
import type { InvoiceNode } from './invoice-node.ts'
import { type LineSum, lineSums } from './line-sums.ts'
import type { RateGroup } from './rate-groups.ts'

/** An invoice as rules see it. `fa` is `FakturaRR` in an FA_RR, whose fields only a few rules know. */
export type Invoice = {
  readonly form: SystemCode
  readonly facts: InvoiceFacts
  readonly nips: readonly NipAt[]
  readonly root: InvoiceNode
  readonly fa: InvoiceNode
  readonly kind: string
  readonly isCorrection: boolean
  /** `KodWaluty`. */
  readonly currency: string
  readonly seller: InvoiceNode
  readonly buyer: InvoiceNode
  readonly thirdParties: readonly InvoiceNode[]
  readonly notes: InvoiceNode
  readonly isMargin: boolean
  readonly lines: readonly InvoiceLine[]
  readonly sums: ReadonlyMap<RateGroup, LineSum>
  /** Whether every line has a value and a rate that says where it is summed up. */
  readonly linesAreComplete: boolean
}

export function invoiceOf(root: InvoiceNode, facts: InvoiceFacts, nips: readonly NipAt[]): Invoice {
  const fa = root.near(facts.formCode.value === 'FA' ? 'Fa' : 'FakturaRR')
  const isMargin = fa.says('Adnotacje/PMarzy/P_PMarzy', '1')
  const lines = fa.all('FaWiersz').map((node) => lineOf(node, isMargin))
  return {
    form: facts.formCode.systemCode,
    facts,
    nips,
    root,
    fa,
    kind: facts.kind,
    isCorrection: facts.kind.startsWith('KOR'),
    currency: fa.read('KodWaluty'),
    seller: root.near('Podmiot1'),
    buyer: root.near('Podmiot2'),
    thirdParties: root.all('Podmiot3'),
    notes: fa.near('Adnotacje'),
    isMargin,
    lines,
    sums: lineSums(lines),
    linesAreComplete: lines.every(
      ({ group, net, gross }) => group !== undefined && (net !== undefined || gross !== undefined),
    ),
  }
}

/** Whether there are sales of a group: in the sums of `Fa` or on a line. */
export const hasSales = ({ fa, sums }: Invoice, group: RateGroup, field: string): boolean =>
  sums.has(group) || fa.amount(field)?.eq(0) === false
