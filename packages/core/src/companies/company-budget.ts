/** What is left to a company of KSeF's limits, as its status tells it. */
import { windowsOf } from '../budget/limit-windows.ts'
import type { BudgetScope, CountedGroup, GroupBudget, RateBudget, WindowName } from '../budget/rate-budget.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { Integration } from '../integrations/integration.ts'

/** The groups that decide when an invoice goes or comes. */
export const SHOWN_GROUPS = [
  'invoiceSend',
  'onlineSession',
  'onlineSessionClose',
  'batchSession',
  'batchSessionClose',
  'invoiceExport',
  'invoiceMetadata',
  'invoiceDownload',
] as const satisfies readonly CountedGroup[]

export type CompanyBudget = {
  /**
   * fleet      as all workers count before each call.
   * estimated  the counters cannot be read now: from the attempts to send on record, and nothing of other groups.
   */
  counted: 'fleet' | 'estimated'
  /** When KSeF told the limits; null: the published ones. */
  limitsReadAt: Date | null
  groups: readonly ShownBudget[]
}

export type ShownBudget = {
  group: (typeof SHOWN_GROUPS)[number]
  /** KSeF refuses calls of the group until then. */
  blockedUntil: Date | null
  /** Only those that bind. */
  windows: readonly {
    window: WindowName
    max: number
    used: number
    left: number
    /** When the next call fits; null when one does now, or that is not known. */
    freeAt: Date | null
  }[]
}

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'now'> & { budget: Pick<RateBudget, 'peek'> }

/** @param scope of the integration */
export async function readCompanyBudget(
  deps: Deps,
  integration: Integration,
  known: { scope: BudgetScope; limitsReadAt: Date | null },
): Promise<CompanyBudget> {
  const { scope, limitsReadAt } = known
  const seen = await deps.budget.peek(scope, SHOWN_GROUPS)
  const now = deps.now().getTime()
  if (SHOWN_GROUPS.some((group) => seen[group].counted !== 'fleet'))
    return { counted: 'estimated', limitsReadAt, groups: [await estimate(deps, integration, scope)] }
  const groups = SHOWN_GROUPS.map((group) => shown(group, seen[group], now))
  return { counted: 'fleet', limitsReadAt, groups }
}

const shown = (group: ShownBudget['group'], seen: GroupBudget, now: number): ShownBudget => ({
  group,
  blockedUntil: seen.blockedForMs > 0 ? new Date(now + seen.blockedForMs) : null,
  windows: seen.windows.map(({ window, limit, used, left, freeInMs }) => ({
    window,
    max: limit,
    used,
    left,
    freeAt: freeInMs > 0 ? new Date(now + freeInMs) : null,
  })),
})

async function estimate(
  { db, environment, now }: Deps,
  { companyId }: Integration,
  scope: BudgetScope,
): Promise<ShownBudget> {
  const group = 'invoiceSend'
  const until = scope.blocks[group]
  const windows = await db.withCompany(companyId, async ({ attempts }) => {
    const found: ShownBudget['windows'][number][] = []
    for (const { window, ms, limit: max } of windowsOf(scope.limits, group)) {
      const used = await attempts.countSince(environment, ms / 1000)
      found.push({ window, max, used, left: Math.max(0, max - used), freeAt: null })
    }
    return found
  })
  return { group, blockedUntil: until !== undefined && until > now() ? until : null, windows }
}
