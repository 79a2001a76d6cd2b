import {
  decodeAccessToken,
  type EncryptedInvoice,
  type FormCode,
  type GrantedPermission,
  type Invoices,
  type KsefClient,
  type OnlineSession,
  type Result,
  type SendOptions,
  type SessionInvoice,
  type SessionKey,
  type SessionStatus,
  type Upo,
} from '@ksef-fleet/ksef'
import type { UsableCredential } from '../credentials/credential.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import type { ContextKsef } from './context-ksef.ts'
import { listSessionInvoices } from './session-invoices.ts'

type MetadataQuery = Parameters<Invoices['metadata']>[1]
type Answer<Call extends (...given: never[]) => Promise<Result<unknown>>> = ReturnType<Call>

/** What a sign-in made now shows of the connection. */
export type ConnectionTest = {
  /** Null when this subject may not ask for them. */
  grants: readonly GrantedPermission[] | null
  /** The token's `per` claim. */
  claimed: readonly string[]
}

/** KSeF for one company, in its own context and no other. Every method is one call of KSeF unless it says otherwise. */
export type CompanyKsef = ContextKsef & {
  readonly companyId: CompanyId
  readonly integration: Integration
  readonly credential: UsableCredential
  /** Signs in now, and asks once for the permissions in force. */
  testConnection(): Promise<Result<ConnectionTest>>
  openSession(opening: { formCode: FormCode; key: SessionKey }): Promise<Result<OnlineSession>>
  sendInvoice(
    session: string,
    invoice: EncryptedInvoice & SendOptions,
  ): Promise<Result<{ readonly referenceNumber: string }>>
  closeSession(session: string): Promise<Result<'closed' | 'already-closed'>>
  sessionStatus(session: string): Promise<Result<SessionStatus>>
  invoiceStatus(session: string, invoice: string): Promise<Result<SessionInvoice>>
  /** The whole list, a call for every thousand. */
  sessionInvoices(session: string): Promise<Result<readonly SessionInvoice[]>>
  upoOfInvoice(session: string, invoice: string): Promise<Result<Upo>>
  upoPage(session: string, upo: string): Promise<Result<Upo>>
  /** By a pre-signed link, without the token. */
  downloadUpo(url: string): Promise<Result<Upo>>
  /** Metadata of invoices, as the company sees them (`POST /invoices/query/metadata`); needs `InvoiceRead`. */
  listInvoices(query: MetadataQuery): Answer<KsefClient['invoices']['metadata']>
  /** The document itself; needs `InvoiceRead`. */
  getInvoice(ksefNumber: string): Answer<KsefClient['invoices']['byKsefNumber']>
}

export function companyKsef(
  at: ContextKsef,
  { integration, credential }: { integration: Integration; credential: UsableCredential },
): CompanyKsef {
  return {
    ...at,
    companyId: integration.companyId,
    integration,
    credential,
    async testConnection() {
      const signedIn = await at.signInAnew()
      return signedIn.ok ? readPermissions(at) : signedIn
    },
    openSession: (opening) => at.call((ksef, access) => ksef.onlineSession.open(access, opening)),
    sendInvoice: (session, invoice) =>
      at.call((ksef, access) => ksef.onlineSession.sendInvoice(access, session, invoice)),
    closeSession: (session) => at.call((ksef, access) => ksef.onlineSession.close(access, session)),
    sessionStatus: (session) => at.call((ksef, access) => ksef.sessions.status(access, session)),
    invoiceStatus: (session, invoice) =>
      at.call((ksef, access) => ksef.sessions.invoice(access, session, invoice)),
    sessionInvoices: (session) => at.call((ksef, access) => listSessionInvoices(ksef, access, session)),
    upoOfInvoice: (session, invoice) =>
      at.call((ksef, access) => ksef.upo.ofInvoice(access, session, invoice)),
    upoPage: (session, upo) => at.call((ksef, access) => ksef.upo.page(access, session, upo)),
    downloadUpo: (url) => at.fetch((ksef) => ksef.upo.download(url)),
    listInvoices: (query) => at.call((ksef, access) => ksef.invoices.metadata(access, query)),
    getInvoice: (ksefNumber) => at.call((ksef, access) => ksef.invoices.byKsefNumber(access, ksefNumber)),
  }
}

/** Who may not ask for the list of its permissions still has them in its token. */
async function readPermissions(at: ContextKsef): Promise<Result<ConnectionTest>> {
  return at.call<ConnectionTest>(async (ksef, access) => {
    const claimed = decodeAccessToken(access).permissions ?? []
    const listed = await ksef.permissions.personalGrants(access)
    if (listed.ok) return { ok: true, value: { grants: listed.value, claimed } }
    const mayNotAsk = ['forbidden', 'refused', 'gone'].includes(listed.failure.kind)
    return mayNotAsk ? { ok: true, value: { grants: null, claimed } } : listed
  })
}
