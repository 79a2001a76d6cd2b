import type { KsefClient } from '@ksef-fleet/ksef'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { auditOfCall, type CallOwner } from '../audit/audit-of-call.ts'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { CompanyId } from '../identifiers.ts'
import type { AccessSubject } from './access-subject.ts'

/** What it takes to book calls on the company they are made for. */
export type Booking = { ksef: KsefClient; trail: Pick<AuditTrail, 'record' | 'room'> }

/** KSeF's client whose every call is told to the audit log as the subject's. */
export function bookedKsef(deps: Booking, subject: AccessSubject): KsefClient {
  const { companyId, credential, about } = subject
  const owner = {
    actor: 'worker',
    subject: about,
    credentialId: credential.id,
    credentialVersion: credential.version.number,
    ...nipsOf(subject),
  }
  return bookedOn(deps, companyId, owner)
}

/** The same for a call in nobody's context. */
export const bookedOn = (
  { ksef, trail }: Booking,
  companyId: CompanyId | null,
  owner: CallOwner,
): KsefClient => ksef.observedBy((call) => trail.record(auditOfCall(call, owner), companyId))

/** For whom and, where the credential is the provider's, by whom. */
export function nipsOf({
  context,
  credential,
}: AccessSubject): Pick<AuditEntry, 'taxpayerNip' | 'providerNip'> {
  const provider = credential.companyId === null ? nipIn(credential.version.subject) : null
  return {
    ...(context.type === 'Nip' ? { taxpayerNip: context.value } : {}),
    ...(provider === null ? {} : { providerNip: provider }),
  }
}

/** The NIP in a certificate's subject (organizationIdentifier, ETSI EN 319 412-1: `VATPL-` and ten digits). */
const nipIn = (subject: string | null): string | null => /VATPL-(\d{10})/.exec(subject ?? '')?.[1] ?? null
