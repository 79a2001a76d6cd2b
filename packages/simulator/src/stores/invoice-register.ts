import type { AcceptedInvoice } from './sessions.ts'

/**
 * All accepted invoices of the country. Unique by (seller NIP, RodzajFaktury, P_2), whoever sent them and in
 * whichever session (weryfikacja-faktury.md, section "Unikalność faktury").
 */
export type NaturalKey = { sellerNip: string; invoiceKind: string; invoiceNumber: string }

/** Identifiers of everybody who stands in the invoice. */
function partiesOf({ facts: { seller, buyer, thirdParties, authorized } }: AcceptedInvoice): Set<string> {
  const others = [buyer, ...thirdParties].flatMap(({ identifier }) => identifier.value ?? [])
  return new Set([seller.nip, ...others, ...(authorized === undefined ? [] : [authorized.nip])])
}

export type InvoiceRegister = {
  findByNaturalKey(key: NaturalKey): AcceptedInvoice | undefined
  findByKsefNumber(ksefNumber: string): AcceptedInvoice | undefined
  /** @param hash SHA-256 of the file, Base64 */
  findByHash(hash: string): AcceptedInvoice | undefined
  /** The accepted technical correction of the file with this hash. */
  findCorrectionOf(hash: string): AcceptedInvoice | undefined
  add(invoice: AcceptedInvoice): void
  /** Invoices in which one of these identifiers stands for a party, whatever its role. */
  naming(identifiers: readonly string[]): AcceptedInvoice[]
  all(): Iterable<AcceptedInvoice>
}

export type RegisterState = {
  byKey: Map<string, AcceptedInvoice>
  byKsefNumber: Map<string, AcceptedInvoice>
}

export function createInvoiceRegister(
  { byKey, byKsefNumber }: RegisterState,
  keepDocument: (invoice: AcceptedInvoice) => void,
): InvoiceRegister {
  const keyString = (key: NaturalKey) => JSON.stringify([key.sellerNip, key.invoiceKind, key.invoiceNumber])
  const byHash = new Map<string, AcceptedInvoice>()
  const corrections = new Map<string, AcceptedInvoice>()
  const byParty = new Map<string, AcceptedInvoice[]>()
  const index = (invoice: AcceptedInvoice) => {
    byHash.set(invoice.invoiceHash, invoice)
    for (const party of partiesOf(invoice)) {
      const named = byParty.get(party)
      if (named === undefined) byParty.set(party, [invoice])
      else named.push(invoice)
    }
    if (invoice.hashOfCorrectedInvoice !== undefined) corrections.set(invoice.hashOfCorrectedInvoice, invoice)
  }
  for (const invoice of byKsefNumber.values()) index(invoice)
  return {
    findByHash: (hash) => byHash.get(hash),
    findCorrectionOf: (hash) => corrections.get(hash),
    findByNaturalKey: (key) => byKey.get(keyString(key)),
    findByKsefNumber: (ksefNumber) => byKsefNumber.get(ksefNumber),
    add: (invoice) => {
      keepDocument(invoice)
      const { seller, invoiceKind, invoiceNumber } = invoice.facts
      byKey.set(keyString({ sellerNip: seller.nip, invoiceKind, invoiceNumber }), invoice)
      byKsefNumber.set(invoice.ksefNumber, invoice)
      index(invoice)
    },
    naming: (identifiers) => [...new Set(identifiers.flatMap((one) => byParty.get(one) ?? []))],
    all: () => byKsefNumber.values(),
  }
}
