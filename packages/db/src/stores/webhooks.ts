import type { CompanyId, WebhookStore } from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, gt, isNotNull, isNull, ne, or } from 'drizzle-orm'
import { webhookEndpoints as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { webhookClaims } from './webhook-claims.ts'
import { webhookDeliveries } from './webhook-deliveries.ts'
import { webhookRedelivery } from './webhook-redelivery.ts'

const { rungAt, ...columns } = getTableColumns(table)

/** @param companyId whose webhooks; null: the provider's own */
export function webhookStore(tx: Tx, companyId: CompanyId | null): WebhookStore {
  const own = and(
    companyId === null ? isNull(table.companyId) : eq(table.companyId, companyId),
    ne(table.state, 'removed'),
  )
  return {
    ...webhookClaims(tx, companyId),
    ...webhookDeliveries(tx),
    ...webhookRedelivery(tx, companyId),
    async insert(webhook) {
      if (webhook.companyId !== companyId) throw new Error('a webhook belongs to whom it is made for')
      await tx.insert(table).values({ ...webhook, types: webhook.types === null ? null : [...webhook.types] })
    },
    async get(id) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(and(own, eq(table.id, id)))
      return found ?? null
    },
    async lock(id) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(and(own, eq(table.id, id)))
        // Whoever writes a delivery for it refers to it, and need not wait.
        .for('no key update')
      return found ?? null
    },
    list: () => tx.select(columns).from(table).where(own).orderBy(asc(table.createdAt), asc(table.id)),
    async update(id, { types, ...set }) {
      const listed = types === undefined ? {} : { types: types === null ? null : [...types] }
      if (Object.keys(set).length === 0 && types === undefined) return
      await tx
        .update(table)
        .set({ ...set, ...listed })
        .where(and(own, eq(table.id, id)))
    },
    async recover(id) {
      await tx
        .update(table)
        .set({ failingSince: null, failures: 0 })
        .where(and(own, eq(table.id, id), or(isNotNull(table.failingSince), gt(table.failures, 0))))
    },
  }
}
