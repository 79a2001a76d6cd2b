import type { CompanyKsef } from '../context/company-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { isEnding } from '../delivery/sending-session.ts'
import { allowanceOf, leastOf } from './allowance.ts'
import type { PendingGroup } from './pending-group.ts'
import type { DispatchState } from './plan-dispatch.ts'
import { nextMidnight, warsawDay } from './warsaw-midnight.ts'

/** Invoices a batch session takes where KSeF has not told otherwise (limity.md). */
const BATCH_INVOICES_MAX = 10_000

/** Everything the plan depends on, as it is now. */
export async function readDispatchState(
  context: DeliveryContext,
  ksef: CompanyKsef,
  pending: readonly PendingGroup[],
): Promise<DispatchState> {
  const { environment } = context
  const now = context.now()
  const forms = [...new Set(pending.map(({ formCode }) => formCode))]
  const found = await context.db.withCompany(ksef.companyId, async (tx) => {
    const sessions = await Promise.all(forms.map((formCode) => tx.sessions.current(environment, formCode)))
    const { sizes } = await tx.limits.get(ksef.integration.id)
    return { sessions, sizes, packagesUnderWay: await tx.packages.underWay(environment) }
  })
  const openForms = found.sessions.flatMap((session) =>
    session?.state === 'open' && !isEnding(session, now) ? [session.formCode] : [],
  )
  const budget = await ksef.budget([
    'invoiceSend',
    'onlineSession',
    'onlineSessionClose',
    'batchSession',
    'batchSessionClose',
  ])
  const left = (group: keyof typeof budget) => allowanceOf(budget[group], now)
  return {
    now,
    pending,
    openForms,
    packagesUnderWay: found.packagesUnderWay,
    budget: {
      invoiceSend: left('invoiceSend'),
      onlineSession: leastOf(left('onlineSession'), left('onlineSessionClose')),
      batchSession: leastOf(left('batchSession'), left('batchSessionClose')),
    },
    batchInvoicesMax: found.sizes?.batchSession.maxInvoices ?? BATCH_INVOICES_MAX,
    today: warsawDay(now),
    dayEndsAt: nextMidnight(now),
  }
}
