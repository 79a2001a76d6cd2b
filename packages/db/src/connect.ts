import type { FleetDatabase, SystemReason } from '@ksef-fleet/core'
import { beginFor } from './company-setting.ts'
import { companyTransaction } from './company-transaction.ts'
import { refuseUnsafeLogins } from './login-check.ts'
import { openPool } from './pool.ts'
import { holderOption, holdPresence } from './presence.ts'
import { systemTransaction } from './system-transaction.ts'
import { readEach, transact } from './transaction.ts'

export type ConnectOptions = {
  /** Login as `fleet_app`. */
  appUrl: string
  /** Login as `fleet_system`. */
  systemUrl: string
  /** Connections at most, for each of the two logins. */
  poolSize?: number
  /** For how long what the sweeper rang for is not rung for again, unless its timer is set anew; ten when left out. */
  ringSeconds?: number
  /** Whoever dies with claims frees them at once: a connection of its own tells the others that this process lives. */
  isPresent?: boolean
  /** Told each time work crosses companies, before it does. */
  onSystem?: (reason: SystemReason) => void
}

export type ConnectedDatabase = FleetDatabase & {
  /**
   * Proves that isolation holds here: reaches the server with both logins and refuses a login that could pass by
   * row-level security, a server that leaks through it, and tables that lack it.
   *
   * @throws DatabaseFailure when it cannot be reached, Error naming what is unsafe
   */
  check(): Promise<void>
  close(): Promise<void>
}

const POOL_SIZE = 10
const RING_SECONDS = 10

/** Opens the doors of `FleetDatabase`. Connections are made when first needed. */
export function connect(options: ConnectOptions): ConnectedDatabase {
  const size = options.poolSize ?? POOL_SIZE
  const ringSeconds = options.ringSeconds ?? RING_SECONDS
  const presence = options.isPresent === true ? holdPresence(options.systemUrl) : null
  const own = presence === null ? {} : { options: holderOption(presence.holder) }
  const app = openPool({ url: options.appUrl, size, name: 'ksef-fleet', ...own })
  const system = openPool({ url: options.systemUrl, size, name: 'ksef-fleet system' })
  return {
    withCompany: async (companyId, work) =>
      transact(app, beginFor(companyId), (tx) => work(companyTransaction(tx, companyId))),
    readCompany: async (companyId, work) =>
      readEach(app, beginFor(companyId, 'read only'), (tx) => work(companyTransaction(tx, companyId))),
    asSystem: async (reason, work) => {
      options.onSystem?.(reason)
      return transact(system, ['begin'], (tx) => work(systemTransaction(tx, ringSeconds)))
    },
    check: async () => {
      await transact(app, ['begin'], refuseUnsafeLogins)
      await transact(system, ['begin'], refuseUnsafeLogins)
      await presence?.held()
    },
    close: async () => {
      await Promise.all([app.end(), system.end(), presence?.close()])
    },
  }
}
