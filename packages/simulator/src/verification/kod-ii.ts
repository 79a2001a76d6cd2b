import { X509Certificate } from 'node:crypto'
import { type Context, isWellFormedContext, nipOf } from '../identity.ts'
import type { KsefCertificate } from '../stores/ksef-certificates.ts'
import type { World } from '../world.ts'
import { isSignedBy } from './signature.ts'

/** KOD II: proof, printed on an offline invoice, that its issuer holds a KSeF certificate and may issue it. */
export type KodII = {
  context: Context
  sellerNip: string
  serialNumber: string
  signature: Buffer
  /** The address as it may have been signed, one for each host the link may have been made for. */
  addresses: readonly string[]
}

/** The four steps of kody-qr.md, section "Weryfikacja po zeskanowaniu kodu QR II", each told for itself. */
export type KodIIChecks = { certificate: boolean; signature: boolean; permission: boolean; seller: boolean }

const offlineCertificate = (world: World, serialNumber: string): KsefCertificate | undefined => {
  const found = world.ksefCertificates.find(serialNumber)
  return found?.type === 'Offline' ? found : undefined
}

function mayIssueFor(world: World, context: Context, sellerNip: string): boolean {
  const authorized = nipOf(context)
  if (authorized === undefined) return false
  if (authorized === sellerNip) return true
  return (['SelfInvoicing', 'TaxRepresentative'] as const).some((type) =>
    world.authorizations.holds({ type, authorizing: sellerNip, authorized }),
  )
}

export function checkKodII(world: World, code: KodII): KodIIChecks {
  const { context, sellerNip, signature, addresses } = code
  const held = offlineCertificate(world, code.serialNumber)
  const { publicKey } = held === undefined ? {} : new X509Certificate(held.certificate)
  const wellFormed = isWellFormedContext(context)
  return {
    certificate: held !== undefined && world.ksefCertificates.statusOf(held) === 'Active',
    signature:
      publicKey !== undefined && addresses.some((address) => isSignedBy(publicKey, address, signature)),
    permission:
      wellFormed &&
      held !== undefined &&
      world.permissions.inForce(context, held.subject).includes('InvoiceWrite'),
    seller: wellFormed && mayIssueFor(world, context, sellerNip),
  }
}
