import type { InvoiceFacts } from './facts.ts'

/**
 * Check digits of the parties' NIPs and internal identifiers. PRD always asks for them; TEST, and so this server, when the session was opened
 * with `X-KSeF-Feature: subject-identifier-validation` (API 2.8.0). Only one feature is honoured for a request: a
 * list of several switches on none.
 */
export const IDENTIFIER_VALIDATION = 'subject-identifier-validation'

const NIP_WEIGHTS = [6, 5, 7, 2, 3, 4, 5, 6, 7]
const NIP_LENGTH = NIP_WEIGHTS.length + 1
const NIP_MODULUS = 11
const INTERNAL_ID_DIGITS = 15

/** Whether the tenth digit is the weighted sum of the others modulo 11. */
export function hasNipCheckDigit(nip: string): boolean {
  const digits = [...nip].map(Number)
  const sum = NIP_WEIGHTS.reduce((total, weight, index) => total + weight * (digits[index] ?? 0), 0)
  return digits.length === NIP_LENGTH && sum % NIP_MODULUS === digits.at(-1)
}

/** Whether the last digit of `NIP-ddddd` is the sum of the others, weighted 1 and 3 in turn, modulo 10. */
export function hasInternalIdCheckDigit(internalId: string): boolean {
  const digits = [...internalId.replace('-', '')].map(Number)
  const sum = digits
    .slice(0, -1)
    .reduce((total, digit, index) => total + digit * (index % 2 === 0 ? 1 : 3), 0)
  return digits.length === INTERNAL_ID_DIGITS && sum % 10 === digits.at(-1)
}

type Checked = { party: string; type: string; value: string | undefined }

function findingOf({ party, type, value = '' }: Checked): string | undefined {
  const nip = value.slice(0, NIP_LENGTH)
  if (!hasNipCheckDigit(nip)) return `${party}: nieprawidłowa suma kontrolna numeru NIP ${nip}.`
  if (type === 'Nip' || hasInternalIdCheckDigit(value)) return undefined
  return `${party}: nieprawidłowa suma kontrolna identyfikatora wewnętrznego ${value}.`
}

/** A finding for each party whose NIP or internal identifier fails its check digit. */
export function identifierFindings({ seller, buyer, thirdParties, authorized }: InvoiceFacts): string[] {
  const parties: Checked[] = [
    { party: 'Podmiot1', type: 'Nip', value: seller.nip },
    { party: 'Podmiot2', ...buyer.identifier, value: buyer.identifier.value },
    ...thirdParties.map(({ identifier: { type, value } }) => ({ party: 'Podmiot3', type, value })),
    ...(authorized === undefined
      ? []
      : [{ party: 'PodmiotUpowazniony', type: 'Nip', value: authorized.nip }]),
  ]
  return parties
    .filter(({ type }) => type === 'Nip' || type === 'InternalId')
    .map(findingOf)
    .filter((finding) => finding !== undefined)
}
