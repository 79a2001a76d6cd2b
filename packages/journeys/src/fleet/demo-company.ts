import { createSelfSignedCertificate } from '@ksef-fleet/ksef'
import type { ApiClient, CompanyView, IntegrationView } from './api-client.ts'

const YEAR_MS = 365 * 24 * 3600_000

/** A seal of the company's own, self-signed: what KSeF's TEST environment accepts. */
export function sealOf(
  nip: string,
  name: string,
): Promise<{ certificatePem: string; privateKeyPem: string }> {
  const now = Date.now()
  return createSelfSignedCertificate({
    nip,
    name,
    algorithm: 'ecdsa-p256',
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + YEAR_MS),
  })
}

/** The company with that NIP, created through the API when it is not there, with an active integration. */
export async function companyWithIntegration(api: ApiClient, { nip, name }: { nip: string; name: string }) {
  const created = await api.post<CompanyView>('/v1/companies', { nip, name })
  const company = created.status === 201 ? created.body : await findCompany(api, nip)
  const { certificatePem, privateKeyPem } = await sealOf(nip, name)
  const path = `/v1/companies/${company.id}/integrations`
  const credential = { type: 'certificate', certificatePem, privateKeyPem }
  const connected = await api.post<IntegrationView>(path, { credential })
  const integration = connected.status === 202 ? connected.body : await currentIntegration(api, path)
  const active = await api.until<IntegrationView>(
    `${path}/${integration.id}`,
    (body) => body.state === 'active' || body.state === 'failed',
  )
  if (active.state !== 'active') throw new Error(`the integration failed: ${JSON.stringify(active.failure)}`)
  return { company, integration: active }
}

async function findCompany(api: ApiClient, nip: string): Promise<CompanyView> {
  const { body } = await api.get<{ companies: CompanyView[] }>('/v1/companies?limit=200')
  const found = body.companies?.find((company) => company.nip === nip)
  if (found === undefined) throw new Error(`the company ${nip} could neither be created nor found`)
  return found
}

async function currentIntegration(api: ApiClient, path: string): Promise<IntegrationView> {
  const { body } = await api.get<{ integrations: IntegrationView[] }>(path)
  const found = body.integrations?.find((integration) => integration.state !== 'revoked')
  if (found === undefined) throw new Error('the company could not be connected')
  return found
}
