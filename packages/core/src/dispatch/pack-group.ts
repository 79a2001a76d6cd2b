import { newSessionKey } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { sealKey } from '../delivery/sending-session.ts'
import type { Compression } from '../delivery/session.ts'
import { SessionId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendBatch } from '../jobs/send-batch.ts'
import type { DispatchStep } from './plan-dispatch.ts'

/**
 * XML in one package, before it is compressed. KSeF takes five gigabytes of archive, and what is not compressed at all still
 * fits with the archive's own headings; but a ZIP is made in memory, document by document, beside others.
 */
const XML_BYTES_MAX: Readonly<Record<Compression, number>> = { TarGz: 4_000_000_000, Zip: 200_000_000 }

/** Packs pending invoices of the group: from here on they travel together, and the sweeper brings them on. */
export async function packGroup(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { group, count }: DispatchStep & { do: 'package' },
): Promise<void> {
  const { companyId, credential } = ksef
  const id = SessionId.parse(context.newId())
  const sealedKey = sealKey(context.sealer, { companyId, id }, newSessionKey(context.randomBytes))
  const packed = await context.db.withCompany(companyId, async (tx) => {
    const found = await tx.packages.pack({
      id,
      environment: context.environment,
      group,
      count,
      bytesMax: XML_BYTES_MAX[context.batchCompression],
      compression: context.batchCompression,
      sealedKey,
      credentialId: credential.id,
      credentialVersion: credential.version.number,
    })
    if (found > 0) await tx.outbox.add(ringOf(sendBatch, { companyId, sessionId: id }))
    return found
  })
  if (packed > 0) context.log.info({ sessionId: id, invoices: packed }, 'package.packed')
}
