import type { KsefClient, Result, Sealed, SessionInvoice } from '@ksef-fleet/ksef'

const PAGE_SIZE = 1000
/** A session holds at most 10,000 invoices (limity.md); more pages than that are not KSeF's. */
const PAGES_MAX = 11

/** Every invoice of a session. Pages spend the same limit as calls of their own: 200 an hour per context. */
export async function listSessionInvoices(
  ksef: KsefClient,
  token: Sealed<string>,
  sessionReferenceNumber: string,
): Promise<Result<readonly SessionInvoice[]>> {
  const all: SessionInvoice[] = []
  let continuationToken: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await ksef.sessions.invoices(token, sessionReferenceNumber, {
      pageSize: PAGE_SIZE,
      ...(continuationToken === undefined ? {} : { continuationToken }),
    })
    if (!answer.ok) return answer
    all.push(...answer.value.invoices)
    continuationToken = answer.value.continuationToken
    if (continuationToken === undefined) break
  }
  return { ok: true, value: all }
}
