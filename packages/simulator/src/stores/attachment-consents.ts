import { type Context, nipOf } from '../identity.ts'

/** Taxpayers who announced in e-Urząd Skarbowy that they send invoices with attachments; by NIP. */
export type AttachmentConsents = {
  give(nip: string): void
  /** @param at from this moment on no attachment is taken */
  withdraw(nip: string, at: Date): void
  holds(context: Context): boolean
  /** When the consent ends or ended, for GET /permissions/attachments/status. */
  withdrawnAt(nip: string): Date | undefined
}

export type AttachmentConsentsState = Map<string, { withdrawnAt?: Date }>

export function createAttachmentConsents(
  now: () => Date,
  state: AttachmentConsentsState = new Map(),
): AttachmentConsents {
  return {
    give: (nip) => void state.set(nip, {}),
    withdraw: (nip, at) => {
      if (state.has(nip)) state.set(nip, { withdrawnAt: at })
    },
    holds: (context) => {
      const consent = state.get(nipOf(context) ?? '')
      return consent !== undefined && (consent.withdrawnAt === undefined || now() < consent.withdrawnAt)
    },
    withdrawnAt: (nip) => state.get(nip)?.withdrawnAt,
  }
}
