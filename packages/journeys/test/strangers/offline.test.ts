/**
 * Offline sending, QR codes and technical correction of both clients. `ksef-client` 0.2.0 makes no KOD II that KSeF
 * would confirm, and knows no lighthouse.
 */
import { createHash } from 'node:crypto'
import { InMemoryOfflineInvoiceStorage } from 'ksef-client-ts'
import { expect, test } from 'vitest'
import { fa3Invoice } from '../fa3-invoice.ts'
import { offlineCertificate } from './offline-certificate.ts'
import { NIP, type Strangers, strangers, until } from './strangers.ts'

const hashOf = (xml: string) => createHash('sha256').update(xml).digest('base64')
const issueDateOf = (xml: string) => /<P_1>(.*?)<\/P_1>/.exec(xml)?.[1] ?? ''
const FORM = { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' } as const
const pageAt = async (address: string) => (await fetch(address)).text()

test.each(['RSA', 'ECDSA'] as const)(
  'links for KOD I of both clients and for KOD II of ksef-client-ts (%s) are confirmed by the pages they lead to',
  async (key) => {
    await using met = await strangers()
    const { serialNumber, privateKeyPem } = await offlineCertificate(met, key)
    const xml = fa3Invoice(NIP, `QR/${key}`)
    const invoiceHash = hashOf(xml)
    const link = met.ts.qr.buildCertificateVerificationUrl(
      'Nip',
      NIP,
      NIP,
      serialNumber,
      invoiceHash,
      privateKeyPem,
    )
    expect(await pageAt(link)).toContain('Certyfikat wystawcy potwierdzony')
    // ksef-client 0.2.0 signs the hash of the hash (and salts RSA-PSS beyond 32 bytes), against kody-qr.md.
    const hashedTwice = met.js.verificationLinks.buildCertificateVerificationUrl({
      sellerNip: NIP,
      contextIdentifierType: 'Nip',
      contextIdentifierValue: NIP,
      certificateSerial: serialNumber,
      invoiceHash,
      privateKeyPem,
    })
    expect(await pageAt(hashedTwice)).toContain('Certyfikat wystawcy niepotwierdzony')

    const date = new Date(`${issueDateOf(xml)}T12:00:00`)
    const kodI = [
      met.ts.qr.buildInvoiceVerificationUrl(NIP, date, invoiceHash),
      met.js.verificationLinks.buildInvoiceVerificationUrl(NIP, date, invoiceHash),
    ]
    for (const link of kodI) expect((await fetch(link)).status).toBe(404)
    const sent = await met.js.workflows.offline.sendOfflineInvoice({
      formCode: FORM,
      invoice: xml,
      waitForUpo: false,
    })
    const invoice = await until(
      () => met.ts.sessionStatus.getSessionInvoice(sent.sessionReferenceNumber, sent.invoiceReferenceNumber),
      ({ status }) => status.code >= 200,
    )
    expect([invoice.status.code, invoice.invoicingMode]).toEqual([200, 'Offline'])
    for (const link of kodI) expect(await pageAt(link)).toContain(String(invoice.ksefNumber))
  },
)

test('ksef-client corrects a rejected offline invoice technically', async () => {
  await using met = await strangers()
  const good = fa3Invoice(NIP, 'KT/1')
  const bad = good.replace('<P_15>', '<P_15>x')
  const send = (invoice: string, hashOfCorrectedInvoice?: string) =>
    hashOfCorrectedInvoice === undefined
      ? met.js.workflows.offline.sendOfflineInvoice({ formCode: FORM, invoice, waitForUpo: false })
      : met.js.workflows.offline.sendOfflineTechnicalCorrection({
          formCode: FORM,
          invoice,
          hashOfCorrectedInvoice,
          waitForUpo: false,
        })
  const statusOf = async (sent: Awaited<ReturnType<typeof send>>) =>
    (
      await until(
        () =>
          met.ts.sessionStatus.getSessionInvoice(sent.sessionReferenceNumber, sent.invoiceReferenceNumber),
        ({ status }) => status.code >= 200,
      )
    ).status.code
  expect(await statusOf(await send(bad))).toBe(450)
  expect(await statusOf(await send(good, hashOf(bad)))).toBe(200)
  await expect(send(fa3Invoice(NIP, 'KT/2'), hashOf(good))).rejects.toThrow()
})

/** Every invoice of the context's online sessions, once all of them are processed. */
async function processedOnline({ ts }: Strangers, count: number) {
  const { sessions } = await ts.sessionStatus.getSessions('Online')
  const lists = await Promise.all(
    sessions.map(({ referenceNumber }) =>
      until(
        () => ts.sessionStatus.getSessionInvoices(referenceNumber),
        ({ invoices }) => invoices.every(({ status }) => status.code >= 200),
      ),
    ),
  )
  const invoices = lists.flatMap((list) => list.invoices)
  expect(invoices).toHaveLength(count)
  return invoices
}

test('ksef-client-ts issues offline with both codes, sends later, and corrects what was rejected', async () => {
  await using met = await strangers()
  const { serialNumber, privateKeyPem } = await offlineCertificate(met, 'ECDSA')
  const certificate = { privateKeyPem, certificateSerial: serialNumber }
  const storage = new InMemoryOfflineInvoiceStorage()
  const good = fa3Invoice(NIP, 'OFF/1')
  const issued = await met.ts.offline.generate(
    {
      invoiceNumber: 'OFF/1',
      invoiceDate: issueDateOf(good),
      invoiceXml: good.replace('<P_15>', '<P_15>x'),
      sellerNip: NIP,
      sellerIdentifier: { type: 'Nip', value: NIP },
    },
    { certificate, storage },
  )
  expect(await pageAt(issued.kod2Url ?? '')).toContain('Certyfikat wystawcy potwierdzony')
  expect((await fetch(issued.kod1Url)).status).toBe(404)

  const { results } = await met.ts.offline.submit(met.ts, { storage })
  const [rejected] = await processedOnline(met, 1)
  expect(rejected?.referenceNumber).toBe(results[0]?.ksefReferenceNumber)
  expect(rejected?.status.code).toBe(450)
  // ksef-client-ts 0.10.0 takes a sending for an acceptance and never asks: its storage is told the outcome here.
  await storage.update(issued.id, { status: 'REJECTED' })

  const corrected = await met.ts.offline.correct(met.ts, {
    rejectedInvoiceId: issued.id,
    correctedInvoiceXml: good,
    storage,
    certificate,
  })
  const accepted = (await processedOnline(met, 2)).find(
    ({ referenceNumber }) => referenceNumber === corrected.ksefReferenceNumber,
  )
  expect([accepted?.status.code, accepted?.invoicingMode]).toEqual([200, 'Offline'])
  const stored = await storage.get(corrected.invoiceId)
  expect(await pageAt(stored?.kod1Url ?? '')).toContain(String(accepted?.ksefNumber))
  expect(await pageAt(stored?.kod2Url ?? '')).toContain('Certyfikat wystawcy potwierdzony')
})

test('ksef-client-ts reads the lighthouse', async () => {
  await using met = await strangers()
  expect((await met.ts.lighthouse.getStatus()).status).toBe('AVAILABLE')
  met.simulator.control.lighthouse.show('TOTAL_FAILURE')
  expect((await met.ts.lighthouse.getStatus()).status).toBe('TOTAL_FAILURE')
})
