/**
 * The one way from a company to KSeF. `forCompany` answers a client that is bound to that company's context: which
 * integration, which credential and which token are settled here, anew each time, and nowhere else.
 */
import type { Result, Upo } from '@ksef-fleet/ksef'
import type { AccessSubject } from '../access/access-subject.ts'
import { bookedOn } from '../access/booked-ksef.ts'
import type { CallPurpose } from '../budget/shares.ts'
import type { CoreDependencies } from '../dependencies.ts'
import type { CompanyId, IntegrationId } from '../identifiers.ts'
import { createIntegration, type NewIntegration } from '../integrations/create-integration.ts'
import type { Integration } from '../integrations/integration.ts'
import { type Revocation, revokeIntegration } from '../integrations/revoke-integration.ts'
import { verifyIntegration } from '../integrations/verify-integration.ts'
import type { Log } from '../log.ts'
import type { SecretBus } from '../secrets/secret-bus.ts'
import { type CompanyKsef, companyKsef } from './company-ksef.ts'
import { type ContextDependencies, type ContextKsef, contextKsef } from './context-ksef.ts'
import { type NamedVersion, type ResolvedContext, resolveContext } from './resolve-context.ts'

export type KsefContextManager = {
  /**
   * The company's way into KSeF. No call of KSeF is made: a token is looked for when the first call needs one.
   *
   * @param under.version under which a session was opened, to finish it
   * @param under.purpose what the calls are made for; `delivery` when left out
   * @throws FleetError as `resolveContext`
   */
  forCompany(
    companyId: CompanyId,
    under?: { version?: NamedVersion | null; purpose?: CallPurpose },
  ): Promise<CompanyKsef>
  /** A way into a context with exactly that credential, for its rotation and its proof. */
  forSubject(subject: AccessSubject): ContextKsef
  /** Fetches a receipt by its pre-signed link, which needs neither token nor integration. */
  downloadUpo(of: { companyId: CompanyId; id: string }, url: string): Promise<Result<Upo>>
  /** As `integrations/create-integration.ts` */
  createIntegration(request: NewIntegration): Promise<Integration>
  /** Signs in, reads the permissions in force, and records what follows; null for a revoked one. */
  verifyIntegration(request: {
    companyId: CompanyId
    integrationId: IntegrationId
  }): Promise<Integration | null>
  /** As `integrations/revoke-integration.ts`, and the company's tokens are forgotten at once. */
  revokeIntegration(request: Revocation): Promise<Integration>
  /** Forgets the company's access tokens: here, in Redis, and in every other worker. */
  clearTokenCache(companyId: CompanyId): Promise<void>
}

export type ContextManagerDependencies = CoreDependencies &
  ContextDependencies & { log: Log; bus?: SecretBus }

export function createKsefContextManager(deps: ContextManagerDependencies): KsefContextManager {
  deps.bus?.listen({
    changed: (change) => {
      if (change.of === 'company') deps.access.forgetCompany(change.id)
    },
    // What was missed ends by itself: a revoked integration is asked for no token.
    missed: () => {},
  })

  const clearTokenCache = async (companyId: CompanyId): Promise<void> => {
    deps.access.forgetCompany(companyId)
    await deps.access.eraseCompany(companyId)
    await deps.bus?.publish({ of: 'company', id: companyId })
  }
  const manager: KsefContextManager = {
    async forCompany(companyId, { version = null, purpose = 'delivery' } = {}) {
      const { environment } = deps
      const resolved = await deps.db.readCompany(companyId, (reads) =>
        resolveContext(reads, { environment, now: deps.now(), version }),
      )
      const context = contextKsef(deps, { ...subjectOf(resolved), purpose })
      return companyKsef(context, resolved, deps)
    },
    forSubject: (subject) => contextKsef(deps, subject),
    async downloadUpo({ companyId, id }, url) {
      await deps.trail.room()
      return bookedOn(deps, companyId, { actor: 'worker', subject: id }).upo.download(url)
    },
    createIntegration: (request) => createIntegration(deps, request),
    verifyIntegration: (request) => verifyIntegration(deps, request),
    async revokeIntegration(request) {
      const revoked = await revokeIntegration(deps, request)
      await clearTokenCache(request.companyId)
      return revoked
    },
    clearTokenCache,
  }
  return manager
}

export const subjectOf = ({ integration, credential, limits }: ResolvedContext): AccessSubject => ({
  companyId: integration.companyId,
  environment: integration.environment,
  context: integration.context,
  credential,
  about: integration.id,
  limits,
})
