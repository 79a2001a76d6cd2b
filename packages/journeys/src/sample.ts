/** `npm run sample [-- --nip NIP --out FOLDER]`: the three bodies of the first invoice by hand. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { sealOf } from './fleet/demo-company.ts'

const { values } = parseArgs({
  options: {
    nip: { type: 'string', default: '5265877635' },
    name: { type: 'string', default: 'Pierwsza Sp. z o.o.' },
    number: { type: 'string', default: `FV/${Date.now()}` },
    out: { type: 'string', default: 'sample' },
  },
})

if (!/^[1-9]\d{9}$/.test(values.nip)) {
  console.error(`--nip takes ten digits, not "${values.nip}"`)
  process.exit(2)
}

const { certificatePem, privateKeyPem } = await sealOf(values.nip, values.name)
const files = {
  'company.json': JSON.stringify({ nip: values.nip, name: values.name }, null, 2),
  'integration.json': JSON.stringify(
    { credential: { type: 'certificate', certificatePem, privateKeyPem } },
    null,
    2,
  ),
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
  // The integration holds a private key.
  writeFileSync(join(values.out, name), content, { mode: 0o600 })
  console.log(join(values.out, name))
}
