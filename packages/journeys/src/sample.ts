/**
 * `npm run sample [-- --nip NIP --out FOLDER]`: the three bodies of the first invoice by hand. With `--ksef URL`, the base
 * URL of a KSeF that takes self-signed seals, also an integration with a KSeF token that was made there; and with `--offline` a
 * certificate of type Offline that it issued.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { sealOf } from './fleet/demo-company.ts'
import { offlineCertificateOf } from './fleet/offline-certificate-of.ts'
import { tokenOf } from './fleet/token-of.ts'

const { values } = parseArgs({
  options: {
    nip: { type: 'string', default: '5265877635' },
    name: { type: 'string', default: 'Pierwsza Sp. z o.o.' },
    number: { type: 'string', default: `FV/${Date.now()}` },
    out: { type: 'string', default: 'sample' },
    ksef: { type: 'string' },
    offline: { type: 'boolean', default: false },
  },
})

if (!/^[1-9]\d{9}$/.test(values.nip)) {
  console.error(`--nip takes ten digits, not "${values.nip}"`)
  process.exit(2)
}

const seal = await sealOf(values.nip, values.name)
const body = (credential: object) => JSON.stringify({ credential }, null, 2)
async function offlineCredential(ksefUrl: string): Promise<string> {
  const { serialNumber: _, ...pem } = await offlineCertificateOf(values.nip, { seal, ksefUrl })
  const credential = { type: 'certificate', ...pem }
  return JSON.stringify({ name: 'kody faktur offline', purpose: 'offline-codes', credential }, null, 2)
}

const files = {
  'company.json': JSON.stringify({ nip: values.nip, name: values.name }, null, 2),
  'integration.json': body({ type: 'certificate', ...seal }),
  ...(values.ksef === undefined
    ? {}
    : {
        'token.json': body({
          type: 'token',
          token: await tokenOf(values.nip, { seal, ksefUrl: values.ksef }),
        }),
      }),
  ...(values.ksef === undefined || !values.offline
    ? {}
    : { 'offline-certificate.json': await offlineCredential(values.ksef) }),
  'invoice.xml': sampleInvoice({
    form: 'FA (3)',
    sellerNip: values.nip,
    buyerNip: '1111111111',
    number: values.number,
    issueDate: new Date().toLocaleDateString('sv-SE', { timeZone: 'Europe/Warsaw' }),
  }),
}
mkdirSync(values.out, { recursive: true })
for (const [name, content] of Object.entries(files)) {
  // Some hold a private key.
  writeFileSync(join(values.out, name), content, { mode: 0o600 })
  console.log(join(values.out, name))
}
