import { setTimeout as sleep } from 'node:timers/promises'
import { createKsefClient, loadCertificate, type Result } from '@ksef-fleet/ksef'

const PAUSE_MS = 100
const LOOKS_MAX = 100

/**
 * A KSeF token that sends and reads invoices, made by the owner of the NIP in its own context (tokeny-ksef.md).
 *
 * @throws Error with KSeF's answer
 */
export async function tokenOf(
  nip: string,
  by: { seal: { certificatePem: string; privateKeyPem: string }; ksefUrl: string },
): Promise<string> {
  const ksef = createKsefClient({ baseUrl: by.ksefUrl })
  const context = { type: 'Nip', value: nip } as const
  const certificate = loadCertificate(by.seal)
  const access = given(await ksef.signIn.withCertificate({ context, certificate })).accessToken.token
  const permissions = ['InvoiceRead', 'InvoiceWrite'] as const
  const made = given(await ksef.tokens.generate(access, { permissions, description: 'Faktury firmy' }))
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if (given(await ksef.tokens.status(access, made.referenceNumber)).status === 'Active')
      return made.token.reveal()
    await sleep(PAUSE_MS)
  }
  throw new Error('KSeF did not activate the token')
}

function given<T>(result: Result<T>): T {
  if (result.ok) return result.value
  const { operation, code, description = '' } = result.failure
  throw new Error(`${operation}: ${code} ${description}`)
}
