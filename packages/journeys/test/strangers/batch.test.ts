/**
 * Batches of both clients. TarGz only by `ksef-client-ts`: `ksef-client` 0.2.0 has no `compressionType`, neither in
 * its batch nor in its export.
 */
import { createZip as createZipJs } from 'ksef-client'
import { createTarGz, createZip, uploadBatch } from 'ksef-client-ts'
import { expect, test } from 'vitest'
import { fa3Invoice } from '../fa3-invoice.ts'
import { NIP, POLLING, POLLING_TS, strangers, until } from './strangers.ts'

const files = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    fileName: `faktura-${index + 1}.xml`,
    content: Buffer.from(fa3Invoice(NIP, `${prefix}/${index + 1}`)),
  }))

test.each([
  ['Zip', createZip],
  ['TarGz', createTarGz],
] as const)(
  'ksef-client-ts sends a batch as %s in several parts and waits for its UPO',
  async (compressionType, pack) => {
    await using met = await strangers()
    const archive = await pack(files(compressionType, 5))
    const maxPartSize = Math.ceil(archive.length / 3)
    const { sessionRef, upo } = await uploadBatch(met.ts, archive, {
      compressionType,
      maxPartSize,
      pollOptions: POLLING_TS,
    })
    expect([upo.invoiceCount, upo.successfulInvoiceCount, upo.pages.length]).toEqual([5, 5, 1])
    const { upo: xml } = await met.ts.sessionStatus.getSessionUpo(sessionRef, upo.pages[0]!.referenceNumber)
    for (const { ksefNumber } of met.simulator.ledger.snapshot().accepted) expect(xml).toContain(ksefNumber)
  },
)

test('ksef-client sends a batch, and one invalid invoice does not stop the others', async () => {
  await using met = await strangers()
  const invoices = files('JS', 3).map(({ fileName, content }) => ({ fileName, invoice: content }))
  invoices.push({ fileName: 'zepsuta.xml', invoice: Buffer.from('<Faktura/>') })
  const handle = await met.js.workflows.sessions.batch.openUploadAndClose({
    formCode: { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' },
    invoices,
    upoV43: true,
  })
  // ksef-client 0.2.0 takes status 150 (being processed) for a failure in waitForUpo: let it pass first.
  const settled = await until(
    () => handle.status(),
    ({ status }) => status.code >= 200,
  )
  expect([settled.status.code, settled.successfulInvoiceCount, settled.failedInvoiceCount]).toEqual([
    200, 3, 1,
  ])
  expect(await handle.waitForUpo(POLLING)).toContain('<NumerKSeFDokumentu>')
})

test('ksef-client sends a Zip it packed itself in several parts at once, and reads its UPO', async () => {
  await using met = await strangers()
  const zipBytes = await createZipJs(files('JSZ', 5))
  const handle = await met.js.workflows.sessions.batch.openUploadAndClose({
    formCode: { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' },
    zipBytes,
    maxPartSizeBytes: Math.ceil(zipBytes.length / 3),
    parallelism: 3,
    upoV43: true,
  })
  await until(
    () => handle.status(),
    ({ status }) => status.code >= 200,
  )
  const upo = await handle.waitForUpoParsed(POLLING)
  expect(upo?.numerReferencyjnySesji).toBe(handle.referenceNumber)
  const { accepted } = met.simulator.ledger.snapshot()
  expect(upo?.dokumenty.map((one) => one.numerKSeFDokumentu).sort()).toEqual(
    accepted.map(({ ksefNumber }) => ksefNumber).sort(),
  )
  expect(accepted).toHaveLength(5)
})
