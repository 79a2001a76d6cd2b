import type { FastifyInstance } from 'fastify'
import { keyOf } from '../identity.ts'
import { operationOf } from '../operation.ts'
import { TooManyRequests } from '../refusal.ts'
import type { World } from '../world.ts'
import { counterOf, limitGroupOf } from './groups.ts'

/** The part of a counter's name that belongs to one context, whatever address it calls from. */
export const countersOf = (context: Parameters<typeof keyOf>[0]): string => `${keyOf(context)} `

/**
 * Counts every request per (context, address) and group before anything else is looked at (limity-api.md). What
 * needs no context is counted per address. Uploads to storage are not counted.
 */
export function enforceLimits(api: FastifyInstance, world: World): void {
  api.addHook('onRequest', async (request) => {
    const operation = operationOf(request)
    if (operation === undefined) return
    const group = limitGroupOf(operation)
    const context = group === 'anonymous' ? undefined : request.ksefContext
    if (!world.allowances.counts(context)) return
    const owner = context === undefined ? 'anonymous ' : countersOf(context)
    const name = `${owner}${request.ip} ${counterOf(operation)}`
    const overspent = world.rateLimiter.spend(name, world.allowances.requests(context)[group])
    if (overspent !== undefined) throw new TooManyRequests(overspent)
  })
}
