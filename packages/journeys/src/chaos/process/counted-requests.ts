/**
 * Has KSeF count the requests of a company, so that a soak shows whether the fleet ever asks too much. Most companies may ask ten
 * times what is published: with the published limits a flush of Redis, which costs half of each window, would leave little to
 * look at. Narrow ones have the published limits.
 */
import { createKsefClient, loadCertificate } from '@ksef-fleet/ksef'

const TIMES = 10
/** What `POST /testdata/rate-limits` does not take. */
const FIXED = new Set(['onlineSessionClose', 'batchSessionClose', 'anonymous', 'global'])

type Seal = { certificatePem: string; privateKeyPem: string }
type Limits = Record<string, Record<string, number>>

/** @throws Error with KSeF's answer */
export async function countRequests(
  ksefUrl: string,
  { nip, seal, isNarrow }: { nip: string; seal: Seal; isNarrow: boolean },
): Promise<void> {
  const ksef = createKsefClient({ baseUrl: ksefUrl })
  const context = { type: 'Nip', value: nip } as const
  const signedIn = await ksef.signIn.withCertificate({ context, certificate: loadCertificate(seal) })
  await ksef.close()
  if (!signedIn.ok) throw new Error(`KSeF refused: ${signedIn.failure.code}`)
  const authorization = `Bearer ${signedIn.value.accessToken.token.reveal()}`
  const ask = async (path: string, method: 'GET' | 'POST', json?: object) => {
    const headers = { authorization, ...(json === undefined ? {} : { 'content-type': 'application/json' }) }
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    const answer = await fetch(`${ksefUrl}${path}`, { method, headers, ...body })
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
    return answer.text()
  }
  await ask('/testdata/rate-limits/production', 'POST')
  if (isNarrow) return
  const published = JSON.parse(await ask('/rate-limits', 'GET')) as Limits
  const rateLimits = Object.fromEntries(
    Object.entries(published)
      .filter(([group]) => !FIXED.has(group))
      .map(([group, windows]) => [group, tenfold(windows)]),
  )
  await ask('/testdata/rate-limits', 'POST', { rateLimits })
}

const tenfold = (windows: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(windows).map(([window, limit]) => [window, limit * TIMES]))
