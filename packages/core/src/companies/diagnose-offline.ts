import { warsawDay } from '../dispatch/warsaw-midnight.ts'
import type { CompanyFacts } from './company-facts.ts'
import { counted, type Finding } from './finding.ts'

/** What runs out for invoices that were issued offline. */
export function diagnoseOffline(facts: CompanyFacts): Finding[] {
  return [...late(facts), ...near(facts), ...diagnoseReach(facts.offline), ...withoutCertificate(facts)]
}

function late({ offline, company }: CompanyFacts): Finding[] {
  if (offline.late === 0) return []
  return [
    {
      code: 'DEADLINE_PASSED',
      severity: 'warns',
      says: `${counted(offline.late, 'invoice')} issued offline should be in KSeF already and ${offline.late === 1 ? 'is' : 'are'} not.`,
      who: 'fleet',
      do: `See what keeps them: the other findings, and GET /v1/companies/${company.id}/invoices?state=rejected for those that need a technical correction.`,
    },
  ]
}

function near({ offline, now }: CompanyFacts): Finding[] {
  if (offline.nextDeadline !== warsawDay(now)) return []
  return [
    {
      code: 'DEADLINE_NEAR',
      severity: 'warns',
      says: 'Today is the last day for invoices that were issued offline and are not registered yet.',
      who: 'fleet',
      do: 'See that nothing keeps them: the other findings tell.',
    },
  ]
}

/** Whether KSeF can be reached, which is everyone's. */
export function diagnoseReach({
  availability,
  since,
  automatic,
}: Pick<CompanyFacts['offline'], 'availability' | 'since' | 'automatic'>): Finding[] {
  if (availability.state !== 'offline') return []
  const then = automatic
    ? `What is accepted now is issued in the mode ${availability.mode}, unless it says otherwise.`
    : 'The automatic choice is off: say `offlineMode` with each invoice that is issued offline.'
  return [
    {
      code: 'KSEF_OUT_OF_REACH',
      severity: 'warns',
      says: `KSeF cannot be reached since ${since?.toISOString()}. ${then}`,
      since,
      who: 'ksef',
      do: 'Nothing: what waits goes out by itself, the most urgent first, once KSeF is there again.',
    },
  ]
}

/** Only where it matters now: most companies never issue offline. */
function withoutCertificate({ offline, company }: CompanyFacts): Finding[] {
  if (offline.canSignCodes || (offline.waiting === 0 && offline.availability.state !== 'offline')) return []
  return [
    {
      code: 'QR_CERTIFICATE_MISSING',
      severity: 'warns',
      says: 'Invoices are issued offline and there is no valid certificate to sign their KOD II with.',
      who: 'company',
      do: `Supply a KSeF certificate of type Offline: POST /v1/companies/${company.id}/credentials with the purpose offline-codes.`,
    },
  ]
}
