import { Counter, Gauge, type Registry } from 'prom-client'
import type { CredentialOutlook } from './credential-outlook.ts'

/** Counts by result, growing only, as a cache keeps them. */
type Counted = () => Readonly<Record<string, number>>

/** What is asked at each scrape: how credentials end, how the caches do, how much audit waits. */
export function observeLookups(
  registry: Registry,
  source: {
    credentials: () => Promise<CredentialOutlook>
    secrets: Counted
    tokens: Counted
    auditWaiting: () => number
  },
): void {
  const registers = [registry]
  new Gauge({
    name: 'fleet_credentials',
    help: 'Credentials that sign in, by the window of days in which they end.',
    labelNames: ['window'],
    registers,
    async collect() {
      this.reset()
      // A database that is away takes this figure off the page and no other.
      const outlook = await source.credentials().catch(() => ({}))
      for (const [window, count] of Object.entries(outlook)) this.set({ window }, count)
    },
  })
  new Gauge({
    name: 'fleet_audit_waiting',
    help: 'Entries of the audit log that are not written yet.',
    registers,
    collect() {
      this.set(source.auditWaiting())
    },
  })
  const caches = { fleet_secret_cache_total: source.secrets, fleet_token_cache_total: source.tokens }
  for (const [name, counted] of Object.entries(caches)) {
    new Counter({
      name,
      help: 'Lookups by how they were answered.',
      labelNames: ['result'],
      registers,
      collect() {
        this.reset()
        for (const [result, count] of Object.entries(counted())) this.inc({ result }, count)
      },
    })
  }
}
