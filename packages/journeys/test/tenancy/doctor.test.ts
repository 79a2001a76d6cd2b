/** One company on its way from nothing to well and back, as its doctor tells it after each real verification. */
import {
  type CompanyId,
  createCompany,
  createIntegration,
  diagnose,
  type Finding,
  Nip,
  readCompanyFacts,
  revokeCredential,
} from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive } from '../delivery/drive.ts'
import { type Client, grant, newNip, newProviderCredential, takeBack, verified } from './provider-side.ts'

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
})
afterAll(() => fleet?.close())

const examine = async (companyId: CompanyId): Promise<Finding[]> =>
  diagnose(await readCompanyFacts(worker.context, companyId))

async function first(companyId: CompanyId): Promise<Finding> {
  const [finding] = await examine(companyId)
  if (finding === undefined) throw new Error('a diagnosis is never empty')
  return finding
}

test('a doctor names each thing that stands between a company and KSeF, who must act and what to do, until all is well', async () => {
  const provider = newNip()
  const nip = newNip()
  const by = { actor: 'story' }
  const company = await createCompany(worker.context, { nip: Nip.parse(nip), name: 'Pacjent', ...by })
  const { id } = company
  expect(await first(id)).toMatchObject({ code: 'INTEGRATION_MISSING', who: 'provider' })

  const integration = await createIntegration(worker.context, { companyId: id, ...by })
  const client: Client = { company, id, nip, integrationId: integration.id }
  expect(await first(id)).toMatchObject({ code: 'INTEGRATION_ON_ITS_WAY', who: 'nobody' })

  await verified(worker, client)
  expect(await examine(id)).toMatchObject([
    {
      code: 'CREDENTIAL_MISSING',
      severity: 'stops',
      who: 'provider',
      do: expect.stringMatching(/credentials/),
    },
  ])

  const { credential } = await newProviderCredential(worker, provider)
  await grant(fleet, { nip, to: provider, permissions: ['InvoiceRead'] })
  await verified(worker, client)
  expect(await first(id)).toMatchObject({
    code: 'KSEF_PERMISSION_MISSING',
    severity: 'stops',
    who: 'company',
    says: expect.stringMatching(/InvoiceWrite is missing.*In force at the last look: InvoiceRead/),
    do: expect.stringMatching(/to the provider/),
  })

  await takeBack(fleet, { nip, from: provider })
  await grant(fleet, { nip, to: provider })
  await verified(worker, client)
  expect(await first(id)).toMatchObject({
    code: 'NIP_UNPROVED',
    who: 'company',
    do: expect.stringContaining(integration.grantCode),
  })

  await takeBack(fleet, { nip, from: provider })
  await grant(fleet, { nip, to: provider, description: integration.grantCode })
  await verified(worker, client)
  expect(await examine(id)).toMatchObject([{ code: 'ALL_WELL', who: 'nobody' }])

  await revokeCredential(worker.context, { owner: null, credentialId: credential.id, ...by })
  await verified(worker, client)
  expect(await examine(id)).toMatchObject([{ code: 'CREDENTIAL_MISSING', who: 'provider' }])
})

test('a doctor tells of invoices held for a permission, and is content again when they went out', async () => {
  const provider = newNip()
  const nip = newNip()
  await newProviderCredential(worker, provider)
  const actor = 'story'
  const company = await createCompany(worker.context, { nip: Nip.parse(nip), name: 'Nawrót', actor })
  const { id, grantCode } = await createIntegration(worker.context, { companyId: company.id, actor })
  const client: Client = { company, id: company.id, nip, integrationId: id }
  await grant(fleet, { nip, to: provider, description: grantCode })
  expect((await verified(worker, client)).state).toBe('active')

  await fleet.accept(company.id, invoiceOf(nip, 'HELD/1'))
  await takeBack(fleet, { nip, from: provider })
  await verified(worker, client)
  const findings = await examine(company.id)
  expect(findings.map(({ code, severity, who }) => [code, severity, who])).toEqual([
    ['KSEF_PERMISSION_MISSING', 'stops', 'company'],
    ['KSEF_PERMISSION_MISSING', 'stops', 'company'],
  ])
  expect(findings[1]?.says).toMatch(/^1 invoice held/)

  await grant(fleet, { nip, to: provider, description: grantCode })
  await verified(worker, client)
  await drive(fleet, [worker], { companies: [company.id] })
  expect(await examine(company.id)).toMatchObject([{ code: 'ALL_WELL' }])
})
