import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { Session } from '../delivery/session.ts'
import type { SubmissionReason } from '../submissions/submission.ts'

/** Why a package is given up, and from when on its invoices may go again. */
export type GivenUp = {
  code: string
  nextAttemptAt: Date
  /** So many of them travel together at most from now on; null: only a person helps. Undefined leaves it as it is. */
  packageMax?: number | null
}

/**
 * Ends a package that KSeF certainly read nothing of: its invoices wait for their turn again, or for a person when it was a
 * single one that no package and no other way could carry.
 */
export async function giveUp(
  context: DeliveryContext,
  session: Session,
  { code, nextAttemptAt, packageMax }: GivenUp,
): Promise<void> {
  const { id, companyId, state, fence } = session
  if (state !== 'opening' && state !== 'open' && state !== 'closing')
    throw new Error(`a ${state} session is not given up`)
  const gaveUp = await context.db
    .withCompany(companyId, async (tx) => {
      const packed = packageMax === null ? await tx.packages.submissions(id, ['packed']) : []
      const reason: SubmissionReason = { code: 'DELIVERY_KEEPS_FAILING', description: code }
      if (packed.length > 0)
        await tx.packages.hold(
          id,
          packed.map((one) => one.id),
          reason,
        )
      const narrower = packageMax == null ? {} : { packageMax }
      const done = await tx.packages.abandon(id, { from: state, fence, code, nextAttemptAt, ...narrower })
      if (!done) throw new Superseded()
      await tx.integrations.dispatchNow(context.environment)
      return true
    })
    .catch((error: unknown) => {
      if (error instanceof Superseded) return false
      throw error
    })
  const said = { sessionId: id, invoices: session.invoiceCount, code, packageMax: packageMax ?? null }
  if (gaveUp) context.log.warn(said, 'package.given-up')
}

/** Another worker drives it by now: nothing of this one is kept. */
class Superseded extends Error {}
