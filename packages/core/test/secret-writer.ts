/** Writes one secret again and again until it is killed: argv is the folder, the master key in hex, and the name. */
import { randomBytes } from 'node:crypto'
import { localSecretStore } from '../src/secrets/local-secret-store.ts'
import { createSealer } from '../src/secrets/sealer.ts'

const [directory = '', masterKey = '', name = ''] = process.argv.slice(2)
const sealer = createSealer(Buffer.from(masterKey, 'hex'), randomBytes)
const store = localSecretStore({ directory, sealer, randomBytes })
console.log('writing')
for (let round = 0; ; round++) await store.put(name, `${round}:`.padEnd(200_000, 'x'))
