/** Writes and promotes versions of one secret until it is killed: argv is the folder, the master key in hex, and the name. */
import { createHash, randomBytes } from 'node:crypto'
import { localSecretStore } from '../src/secrets/local-secret-store.ts'
import { createSealer } from '../src/secrets/sealer.ts'

const [directory = '', masterKey = '', name = ''] = process.argv.slice(2)
const sealer = createSealer(Buffer.from(masterKey, 'hex'), randomBytes)
const store = localSecretStore({ directory, sealer, randomBytes })
console.log('writing')
for (let round = 0; ; round++) {
  const value = `${round}:${randomBytes(8).toString('hex')}`.padEnd(200_000, 'x')
  const version = createHash('sha256').update(value).digest('hex')
  await store.put(name, { value, version, mark: `fleet-v${round}-token`, stage: 'pending', tags: {} })
  await store.promote(name, version)
}
