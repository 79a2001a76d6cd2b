import { BUDGET_SCRIPTS, type BudgetRedis } from '@ksef-fleet/core'
import type { Redis } from 'ioredis'

/** Runs the budget's scripts on a connection that refuses a command at once while Redis is away. */
export function redisRateBudget(redis: Redis): BudgetRedis {
  for (const [name, lua] of Object.entries(BUDGET_SCRIPTS))
    redis.defineCommand(`fleetBudget-${name}`, { lua })
  let losses = 0
  redis.on('close', () => {
    losses++
  })
  return {
    losses: () => losses,
    // ioredis puts a defined command on the connection under its name, where no type tells of it.
    run: (script, keys, argument) =>
      Reflect.apply(Reflect.get(redis, `fleetBudget-${script}`), redis, [keys.length, ...keys, argument]),
  }
}
