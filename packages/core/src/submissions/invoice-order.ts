import { type FaData, type FaRrData, inspectInvoiceData } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { CompanyId } from '../identifiers.ts'
import { accepting } from './accept-examined.ts'
import { type AcceptDataRequest, acceptInvoiceData } from './accept-invoice.ts'
import type { Acceptance } from './judge-examined.ts'

type Parties = 'seller' | 'buyer'
type Party = NonNullable<(FaData | FaRrData)[Parties]>

/** What a program has that sells something: the invoice, its own particulars, and whom it is for. */
export type InvoiceOrder = Omit<AcceptDataRequest, 'companyId' | 'json'> & {
  /** The invoice as data, without its two parties. */
  invoice: Omit<FaData, Parties> | Omit<FaRrData, Parties>
  /** The company as it shall stand on the invoice. What it leaves out, or all of it, is as the company is registered. */
  businessProfile?: Party
  /** The other party. */
  customer: Party
}

export type OrderDependencies = Pick<CoreDependencies, 'db' | 'environment' | 'now' | 'newId'>

/** @throws FleetError as `acceptInvoiceData` */
export function acceptOrder(
  deps: OrderDependencies,
  companyId: CompanyId,
  order: InvoiceOrder,
): Promise<Acceptance> {
  const { invoice, businessProfile, customer, ...how } = order
  const { now, environment } = deps
  const parties = isIssuedByBuyer(invoice)
    ? { seller: customer, buyer: businessProfile }
    : { seller: businessProfile, buyer: customer }
  const json = Buffer.from(JSON.stringify({ ...invoice, ...parties }), 'utf8')
  return acceptInvoiceData(
    {
      db: deps.db,
      accept: accepting(deps),
      inspectData: async (data, company) => inspectInvoiceData(data, { now: now(), environment, company }),
    },
    { ...how, companyId, json },
  )
}

const isIssuedByBuyer = (invoice: InvoiceOrder['invoice']): boolean =>
  invoice.form === 'FA_RR (1)' || ('annotations' in invoice && invoice.annotations?.selfInvoicing === true)
