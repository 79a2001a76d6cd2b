import {
  forgetPrepared,
  type PreparedCredential,
  prepareCredential,
  writeCredential,
} from '../credentials/create-credential.ts'
import type { SuppliedCredential } from '../credentials/read-credential.ts'
import { isConflict } from '../database-failure.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { type CompanyId, IntegrationId, type KsefEnvironment } from '../identifiers.ts'
import { newGrantCode } from './grant-code.ts'
import type { Integration, KsefContext, KsefScope } from './integration.ts'

export type NewIntegration = {
  companyId: CompanyId
  /** Left out: a credential the company has already, or the provider's. */
  credential?: SuppliedCredential
  /** Permissions the company wants to use; to send invoices, when left out. */
  scopes?: readonly KsefScope[]
  actor: string
  requestId?: string
}

const SCOPES: readonly KsefScope[] = ['InvoiceWrite']

/**
 * Connects a company to its own context in KSeF. The secret goes to the secret store first, then the rows commit together
 * with the wish to verify; a crash between the two leaves a secret that no row points to, never a row without its secret.
 *
 * @throws FleetError NOT_FOUND, INTEGRATION_EXISTS, and what `prepareCredential` and `writeCredential` throw
 */
export async function createIntegration(
  deps: CoreDependencies,
  request: NewIntegration,
): Promise<Integration> {
  const { companyId } = request
  const { company, blockedUntil } = await deps.db.withCompany(companyId, async (tx) => {
    const found = await tx.companies.get()
    if (found === null) throw new FleetError('NOT_FOUND')
    if ((await tx.integrations.current(deps.environment)) !== null) throw new FleetError('INTEGRATION_EXISTS')
    return { company: found, blockedUntil: latestBlock(await tx.integrations.list(), deps.environment) }
  })
  const context: KsefContext = { type: 'Nip', value: company.nip }
  const integration = newIntegration(deps, request, { context, blockedUntil })
  const prepared =
    request.credential === undefined
      ? null
      : await prepareCredential(
          deps,
          { companyId, context },
          { name: company.name, supplied: request.credential, autoRenew: true },
        )
  try {
    await write(deps, request, { integration, prepared })
  } catch (error) {
    const refused = isConflict(error) || error instanceof FleetError
    // A definite refusal left no row; an unknown COMMIT may have, and then the secret must stay.
    if (refused && prepared !== null) await forgetPrepared(deps, prepared)
    throw isConflict(error) ? new FleetError('INTEGRATION_EXISTS') : error
  }
  return integration
}

function newIntegration(
  deps: CoreDependencies,
  { companyId, scopes = SCOPES }: NewIntegration,
  { context, blockedUntil }: Pick<Integration, 'context' | 'blockedUntil'>,
): Integration {
  return {
    id: IntegrationId.parse(deps.newId()),
    companyId,
    environment: deps.environment,
    context,
    scopes: [...new Set(scopes)],
    state: 'pending',
    permissionsInForce: [],
    grantCode: newGrantCode(deps.randomBytes),
    nipProof: null,
    failure: null,
    verifiedAt: null,
    blockedUntil,
    createdAt: deps.now(),
    revokedAt: null,
  }
}

async function write(
  deps: CoreDependencies,
  { companyId, actor, requestId }: NewIntegration,
  { integration, prepared }: { integration: Integration; prepared: PreparedCredential | null },
): Promise<void> {
  const by = { actor, ...(requestId === undefined ? {} : { requestId }) }
  await deps.db.withCompany(companyId, async (tx) => {
    if (prepared !== null) await writeCredential(tx, prepared, by)
    await tx.integrations.insert(integration)
    await tx.integrations.setVerifyDue(integration.id, deps.now())
    await tx.audit.append({
      ...by,
      action: 'integration.create',
      subject: integration.id,
      outcome: 'ok',
      taxpayerNip: integration.context.value,
      details: {
        scopes: integration.scopes.join(' '),
        credentialId: prepared?.credential.id ?? null,
        fingerprint: prepared?.version.fingerprint ?? null,
      },
    })
  })
}

/** KSeF asked the context for silence, not the credential: a new integration has to keep it too. */
function latestBlock(integrations: readonly Integration[], environment: KsefEnvironment): Date | null {
  const blocks = integrations.flatMap((one) =>
    one.environment === environment && one.blockedUntil !== null ? [one.blockedUntil.getTime()] : [],
  )
  return blocks.length === 0 ? null : new Date(Math.max(...blocks))
}
