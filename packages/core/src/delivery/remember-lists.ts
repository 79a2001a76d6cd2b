import type { CompanyKsef } from '../context/company-ksef.ts'

/**
 * A session's list is fetched once for all of a step who look into it: ten thousand duplicates of one package would spend the
 * limit of lists ten thousand times. What KSeF refuses to show is remembered as well.
 */
export function rememberLists(ksef: CompanyKsef): CompanyKsef {
  const known = new Map<string, Awaited<ReturnType<CompanyKsef['sessionInvoices']>>>()
  return {
    ...ksef,
    async sessionInvoices(session) {
      const list = known.get(session) ?? (await ksef.sessionInvoices(session))
      if (list.ok || list.failure.kind === 'refused' || list.failure.kind === 'forbidden')
        known.set(session, list)
      return list
    },
  }
}
