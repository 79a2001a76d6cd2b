import {
  type BatchSession,
  type BatchSessions,
  decodeAccessToken,
  type EncryptedInvoice,
  type ExportPart,
  type FormCode,
  type GrantedPermission,
  type Invoices,
  type KsefClient,
  type ListedSession,
  type OnlineSession,
  type PartBody,
  type PartUpload,
  type Result,
  type SendOptions,
  type SessionInvoice,
  type SessionKey,
  type SessionStatus,
  type Upo,
  type WantedExport,
} from '@ksef-fleet/ksef'
import type { UsableCredential } from '../credentials/credential.ts'
import type { SessionKind } from '../delivery/session.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import { acceptOrder, type InvoiceOrder, type OrderDependencies } from '../submissions/invoice-order.ts'
import type { Acceptance } from '../submissions/judge-examined.ts'
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
  sendEncrypted(
    session: string,
    invoice: EncryptedInvoice & SendOptions,
  ): Promise<Result<{ readonly referenceNumber: string }>>
  /**
   * Builds an invoice out of an order and accepts it for delivery, as the API does: stored, and sent by the workers. No call
   * of KSeF is made.
   *
   * @throws FleetError as `acceptInvoiceData`
   */
  sendInvoice(order: InvoiceOrder): Promise<Acceptance>
  /** Declares a package and opens a session for it. */
  openBatch(opening: Parameters<BatchSessions['open']>[1]): Promise<Result<BatchSession>>
  /** By a pre-signed link, without the token. */
  uploadPart(upload: PartUpload, body: PartBody): Promise<Result<void>>
  closeSession(session: string, kind: SessionKind): Promise<Result<'closed' | 'already-closed'>>
  /** Open sessions of the context that began within that time, ours and those of other programs: the latest page. */
  sessionsOpenedWithin(from: Date, to: Date): Promise<Result<readonly ListedSession[]>>
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
  /** Has a package made of invoices; needs `InvoiceRead`. */
  startExport(wanted: WantedExport): Answer<KsefClient['invoiceExports']['start']>
  exportStatus(reference: string): Answer<KsefClient['invoiceExports']['status']>
  /** By a pre-signed link, without the token. */
  downloadExportPart(part: ExportPart, path: string): Promise<Result<void>>
  /** The document itself; needs `InvoiceRead`. */
  getInvoice(ksefNumber: string): Answer<KsefClient['invoices']['byKsefNumber']>
}

/** More of one minute are a storm, in which nobody can tell whose is whose. */
const SESSIONS_LISTED = 100

export function companyKsef(
  at: ContextKsef,
  { integration, credential }: { integration: Integration; credential: UsableCredential },
  deps: OrderDependencies,
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
    sendInvoice: (order) => acceptOrder(deps, integration.companyId, order),
    sendEncrypted: (session, invoice) =>
      at.call((ksef, access) => ksef.onlineSession.sendInvoice(access, session, invoice)),
    openBatch: (opening) => at.call((ksef, access) => ksef.batchSession.open(access, opening)),
    uploadPart: (upload, body) => at.fetch((ksef) => ksef.batchSession.uploadPart(upload, body)),
    closeSession: (session, kind) =>
      at.call((ksef, access) =>
        (kind === 'online' ? ksef.onlineSession : ksef.batchSession).close(access, session),
      ),
    sessionsOpenedWithin: (from, to) =>
      at.call(async (ksef, access) => {
        const listed = await ksef.sessions.list(access, {
          sessionType: 'Online',
          statuses: ['InProgress'],
          dateCreatedFrom: from,
          dateCreatedTo: to,
          pageSize: SESSIONS_LISTED,
        })
        return listed.ok ? { ok: true, value: listed.value.sessions } : listed
      }),
    sessionStatus: (session) => at.call((ksef, access) => ksef.sessions.status(access, session)),
    invoiceStatus: (session, invoice) =>
      at.call((ksef, access) => ksef.sessions.invoice(access, session, invoice)),
    sessionInvoices: (session) => at.call((ksef, access) => listSessionInvoices(ksef, access, session)),
    upoOfInvoice: (session, invoice) =>
      at.call((ksef, access) => ksef.upo.ofInvoice(access, session, invoice)),
    upoPage: (session, upo) => at.call((ksef, access) => ksef.upo.page(access, session, upo)),
    downloadUpo: (url) => at.fetch((ksef) => ksef.upo.download(url)),
    listInvoices: (query) => at.call((ksef, access) => ksef.invoices.metadata(access, query)),
    startExport: (wanted) => at.call((ksef, access) => ksef.invoiceExports.start(access, wanted)),
    exportStatus: (reference) => at.call((ksef, access) => ksef.invoiceExports.status(access, reference)),
    downloadExportPart: (part, path) => at.fetch((ksef) => ksef.invoiceExports.downloadPart(part, path)),
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
