/** A provider whose one certificate opens its clients' contexts, and clients who grant and take back. */
import {
  type Company,
  type CompanyId,
  createCompany,
  createCredential,
  createIntegration,
  type Integration,
  type IntegrationId,
  type KsefScope,
  Nip,
  type PreparedCredential,
  type SuppliedCredential,
} from '@ksef-fleet/core'
import { type DeliveryFleet, sealFor } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'

export type Client = { company: Company; id: CompanyId; nip: string; integrationId: IntegrationId }

export const SIGN_IN = 'POST /auth/xades-signature'
/** KSeF has judged the certificate by then, so a refusal is a status and no 400. */
export const SIGN_IN_STATUS = 'GET /auth/{referenceNumber}'

let nips = 7_310_000_000
export const newNip = (): string => String(++nips)

export const newProviderCredential = async (
  worker: DeliveryWorker,
  nip: string,
): Promise<PreparedCredential> =>
  createCredential(worker.context, {
    owner: null,
    name: 'Biuro',
    supplied: await sealFor(nip),
    autoRenew: false,
    actor: 'story',
  })

/** A company that names a NIP; without a credential of its own the provider's signs in. */
export async function newClient(
  worker: DeliveryWorker,
  wanted: { nip?: string; credential?: SuppliedCredential; scopes?: readonly KsefScope[] } = {},
): Promise<Client & { integration: Integration }> {
  const { nip = newNip(), credential, scopes } = wanted
  const actor = 'story'
  const company = await createCompany(worker.context, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor })
  const integration = await createIntegration(worker.context, {
    companyId: company.id,
    actor,
    ...(credential === undefined ? {} : { credential }),
    ...(scopes === undefined ? {} : { scopes }),
  })
  return { company, id: company.id, nip, integrationId: integration.id, integration }
}

export async function verified(worker: DeliveryWorker, { id, integrationId }: Client): Promise<Integration> {
  const found = await worker.context.contexts.verifyIntegration({ companyId: id, integrationId })
  if (found === null) throw new Error('there is no such integration, or it is revoked')
  return found
}

/** What the owner of a NIP does in KSeF: whom it trusts with what, and in which words. */
export async function grant(
  fleet: DeliveryFleet,
  given: { nip: string; to: string; permissions?: readonly string[]; description?: string },
): Promise<void> {
  const { nip, to, permissions = ['InvoiceWrite'], description = 'Obsługa faktur' } = given
  await testData(fleet, '/permissions', {
    ...parties(nip, to),
    permissions: permissions.map((permissionType) => ({ permissionType, description })),
  })
}

export const takeBack = (fleet: DeliveryFleet, { nip, from }: { nip: string; from: string }): Promise<void> =>
  testData(fleet, '/permissions/revoke', parties(nip, from))

const parties = (nip: string, subject: string) => ({
  contextIdentifier: { type: 'Nip', value: nip },
  authorizedIdentifier: { type: 'Nip', value: subject },
})

async function testData(fleet: DeliveryFleet, path: string, body: object): Promise<void> {
  const answer = await fetch(`${fleet.ksefUrl}/testdata${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
}

export const countOf = (fleet: DeliveryFleet, operation: string): number =>
  fleet.simulator.ledger.snapshot().operations[operation] ?? 0

/** The verification of an integration is due by its timer. */
export async function isVerificationDueWithin(
  fleet: DeliveryFleet,
  { integrationId }: Client,
  minutes: number,
): Promise<boolean> {
  const { rows } = await fleet.admin.query<{ due: boolean | null }>(
    `select verify_due_at between now() - interval '1 minute' and now() + make_interval(mins => $2) as due
       from ksef_integrations where id = $1`,
    [integrationId, minutes],
  )
  return rows[0]?.due === true
}
