/** Thousands of invoices in one TarGz, packed as they are made. */
import { buffer } from 'node:stream/consumers'
import { createGzip } from 'node:zlib'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { pack } from 'tar-stream'

const BUYER = '1111111111'
const today = () => new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' })

export type Crowd = { sellerNip: string; prefix: string; count: number; padToBytes?: number }

/** @param last a file behind the invoices */
export async function tarGzOf(crowd: Crowd, last?: { name: string; content: string }): Promise<Buffer> {
  const tar = pack()
  const packed = buffer(tar.pipe(createGzip({ level: 1 })))
  const issueDate = today()
  const add = (name: string, content: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      tar.entry({ name }, content, (error) => (error ? reject(error) : resolve()))
    })
  for (let index = 0; index < crowd.count; index++) {
    const { sellerNip, padToBytes } = crowd
    const number = `${crowd.prefix}/${index}`
    const sample = { form: 'FA (3)' as const, sellerNip, buyerNip: BUYER, number, issueDate }
    await add(
      `${crowd.prefix}-${index}.xml`,
      sampleInvoice({ ...sample, ...(padToBytes === undefined ? {} : { padToBytes }) }),
    )
  }
  if (last !== undefined) await add(last.name, Buffer.from(last.content))
  tar.finalize()
  return packed
}
