import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ContextType } from '../identity.ts'
import { object } from '../request-schemas.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import { page, type Row } from '../verification/html.ts'
import { checkKodII } from '../verification/kod-ii.ts'
import type { World } from '../world.ts'

/**
 * The pages behind the QR codes of a printed invoice (kody-qr.md), which have a host of their own
 * (`qr-test.ksef.mf.gov.pl`): from the root, for anybody. KOD I asks whether an invoice is in KSeF, KOD II whether
 * its issuer is who the print says.
 */
type InvoicePath = { nip: string; date: string; hash: string }
type CertificatePath = {
  contextType: ContextType
  contextValue: string
  nip: string
  serialNumber: string
  hash: string
  '*': string
}

const nip = { type: 'string', pattern: '^\\d{10}$' }
const hash = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' }
const invoicePath = object(['nip', 'date', 'hash'], {
  nip,
  date: { type: 'string', pattern: '^\\d{2}-\\d{2}-\\d{4}$' },
  hash,
})
const certificatePath = object(['contextType', 'contextValue', 'nip', 'serialNumber', 'hash', '*'], {
  contextType: { type: 'string', enum: ['Nip', 'InternalId', 'NipVatUe', 'PeppolId'] },
  contextValue: { type: 'string', minLength: 1 },
  nip,
  serialNumber: { type: 'string', pattern: '^[0-9A-Fa-f]{16}$' },
  hash,
  '*': { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
})

/** Links printed for the Ministry's hosts can be tried here by their path. */
const MINISTRY_HOSTS = ['qr-test.ksef.mf.gov.pl', 'qr-demo.ksef.mf.gov.pl', 'qr.ksef.mf.gov.pl']

const html = (reply: FastifyReply, status: number, content: string): FastifyReply =>
  reply.code(status).type('text/html; charset=utf-8').send(content)

const standardBase64 = (base64Url: string): string => Buffer.from(base64Url, 'base64url').toString('base64')

function findInvoice(world: World, sellerNip: string, invoiceHash: string): AcceptedInvoice | undefined {
  const now = world.clock.now()
  for (const invoice of world.register.all()) {
    const isWanted = invoice.invoiceHash === invoiceHash && invoice.facts.seller.nip === sellerNip
    if (isWanted && invoice.acquisitionDate <= now) return invoice
  }
  return undefined
}

/** Whoever holds the code of a rejected offline invoice is led to the one sent in its place (korekta-techniczna.md). */
function findCorrection(world: World, sellerNip: string, invoiceHash: string): AcceptedInvoice | undefined {
  const correction = world.register.findCorrectionOf(invoiceHash)
  const isThere = correction !== undefined && correction.acquisitionDate <= world.clock.now()
  return isThere && correction.facts.seller.nip === sellerNip ? correction : undefined
}

function invoiceRows({ ksefNumber, facts, invoicingMode }: AcceptedInvoice): Row[] {
  return [
    { label: 'Numer KSeF', value: ksefNumber },
    { label: 'Numer faktury', value: facts.invoiceNumber },
    { label: 'Data wystawienia', value: facts.issueDate },
    { label: 'Sprzedawca', value: `${facts.seller.name ?? ''} (NIP ${facts.seller.nip})` },
    { label: 'Kwota należności', value: `${facts.grossAmount.toFixed(2)} ${facts.currency}` },
    { label: 'Tryb', value: invoicingMode },
  ]
}

/** The address as signed: host and path, up to the signature. */
function signedAddresses(request: FastifyRequest): string[] {
  const [path = ''] = request.url.split('?', 1)
  const signed = path.replace(/\/$/, '').replace(/\/[^/]*$/, '')
  return [request.host, ...MINISTRY_HOSTS].map((host) => `${host}${signed}`)
}

const yesNo = (holds: boolean): string => (holds ? 'tak' : 'nie')

export function verificationPages(app: FastifyInstance, world: World): void {
  app.get<{ Params: InvoicePath }>(
    '/invoice/:nip/:date/:hash',
    { schema: { params: invoicePath } },
    (request, reply) => {
      const { params } = request
      const issueDate = params.date.split('-').reverse().join('-')
      const hash = standardBase64(params.hash)
      const found = findInvoice(world, params.nip, hash)
      const invoice = found ?? findCorrection(world, params.nip, hash)
      if (invoice === undefined || invoice.facts.issueDate !== issueDate)
        return html(reply, 404, page('Nie znaleziono faktury w KSeF', [{ label: 'NIP', value: params.nip }]))
      const title =
        found === undefined ? 'Faktura została poprawiona technicznie' : 'Faktura znajduje się w KSeF'
      return html(reply, 200, page(title, invoiceRows(invoice)))
    },
  )

  app.get<{ Params: CertificatePath }>(
    '/certificate/:contextType/:contextValue/:nip/:serialNumber/:hash/*',
    { schema: { params: certificatePath } },
    (request, reply) => {
      const { params } = request
      const checks = checkKodII(world, {
        context: { type: params.contextType, value: params.contextValue },
        sellerNip: params.nip,
        serialNumber: params.serialNumber.toUpperCase(),
        signature: Buffer.from(params['*'], 'base64url'),
        addresses: signedAddresses(request),
      })
      const invoice = findInvoice(world, params.nip, standardBase64(params.hash))
      const isConfirmed = Object.values(checks).every(Boolean)
      const title = isConfirmed ? 'Certyfikat wystawcy potwierdzony' : 'Certyfikat wystawcy niepotwierdzony'
      const rows = [
        { label: 'Certyfikat KSeF typu Offline istnieje i jest ważny', value: yesNo(checks.certificate) },
        { label: 'Podpis linku jest poprawny', value: yesNo(checks.signature) },
        { label: 'Wystawca ma uprawnienie do wystawiania faktur', value: yesNo(checks.permission) },
        { label: 'Kontekst może wystawiać faktury tego sprzedawcy', value: yesNo(checks.seller) },
        { label: 'Numer seryjny certyfikatu', value: params.serialNumber },
        { label: 'Faktura w KSeF', value: invoice?.ksefNumber ?? 'jeszcze nie przesłana' },
      ]
      return html(reply, 200, page(title, rows))
    },
  )
}
