import type { CompanyId, LimitStore } from '@ksef-fleet/core'
import { and, eq, sql } from 'drizzle-orm'
import { ksefRateBlocks as blocks, ksefIntegrations as integrations } from '../tables.ts'
import type { Tx } from '../transaction.ts'

export const limitStore = (tx: Tx, companyId: CompanyId): LimitStore => ({
  async get(id) {
    const [found] = await tx
      .select({
        rate: integrations.rateLimits,
        sizes: integrations.contextLimits,
        readAt: integrations.limitsReadAt,
        // JSON knows no moments.
        blocks: sql<{ [counter: string]: string } | null>`(
          select json_object_agg(b.limit_group, b.blocked_until) from ${blocks} b
           where b.company_id = ${companyId} and b.integration_id = ${id})`,
      })
      .from(integrations)
      .where(and(eq(integrations.companyId, companyId), eq(integrations.id, id)))
    if (found === undefined) return { rate: null, sizes: null, readAt: null, blocks: {} }
    const until = Object.entries(found.blocks ?? {}).map(([counter, at]) => [counter, new Date(at)] as const)
    return { ...found, blocks: Object.fromEntries(until) }
  },
  async set(id, { rate, sizes, at }) {
    await tx
      .update(integrations)
      .set({
        limitsReadAt: at,
        ...(rate === undefined ? {} : { rateLimits: rate }),
        ...(sizes === undefined ? {} : { contextLimits: sizes }),
      })
      .where(and(eq(integrations.companyId, companyId), eq(integrations.id, id)))
  },
  async block(id, counter, until) {
    await tx
      .insert(blocks)
      .values({ companyId, integrationId: id, limitGroup: counter, blockedUntil: until })
      .onConflictDoUpdate({
        target: [blocks.companyId, blocks.integrationId, blocks.limitGroup],
        set: { blockedUntil: sql`greatest(${blocks.blockedUntil}, excluded.blocked_until)` },
      })
  },
})
