/** Codes that the fleet prints, confirmed by the pages they lead to. */
import { createHash, createPrivateKey } from 'node:crypto'
import { certificateLink, invoiceLink, Sealed } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import { fa3Invoice } from '../fa3-invoice.ts'
import { offlineCertificate } from './offline-certificate.ts'
import { NIP, strangers } from './strangers.ts'

const FORM = { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' } as const
const pageAt = async (address: string) => (await fetch(address)).text()

test('KOD II by RSA and by ECDSA is confirmed, and not once it was changed', async () => {
  await using met = await strangers()
  const invoiceHash = createHash('sha256').update(fa3Invoice(NIP, 'KOD/2')).digest('base64')
  for (const algorithm of ['RSA', 'ECDSA'] as const) {
    const { serialNumber, privateKeyPem } = await offlineCertificate(met, algorithm)
    const link = certificateLink(
      met.origin,
      { sellerNip: NIP, invoiceHash },
      {
        context: { type: 'Nip', value: NIP },
        certificate: { serialNumber, privateKey: new Sealed(createPrivateKey(privateKeyPem)) },
      },
    )
    expect(await pageAt(link), algorithm).toContain('Certyfikat wystawcy potwierdzony')
    const ofAnother = link.replace(`/${NIP}/${serialNumber}`, `/1111111111/${serialNumber}`)
    expect(ofAnother).not.toBe(link)
    expect(await pageAt(ofAnother), algorithm).toContain('Certyfikat wystawcy niepotwierdzony')
  }
})

test('KOD I finds the invoice once KSeF has it', async () => {
  await using met = await strangers()
  const xml = fa3Invoice(NIP, 'KOD/1')
  const invoiceHash = createHash('sha256').update(xml).digest('base64')
  const issueDate = /<P_1>(.*?)<\/P_1>/.exec(xml)?.[1] ?? ''
  const link = invoiceLink(met.origin, { sellerNip: NIP, issueDate, invoiceHash })
  expect((await fetch(link)).status).toBe(404)
  await met.js.workflows.offline.sendOfflineInvoice({ formCode: FORM, invoice: xml, waitForUpo: false })
  await expect.poll(() => pageAt(link), { timeout: 30_000 }).toContain('Faktura znajduje się w KSeF')
})
