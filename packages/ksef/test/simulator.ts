import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  createKsefClient,
  createSelfSignedCertificate,
  type KsefClient,
  loadCertificate,
  type Result,
} from '../src/index.ts'

const PROGRAM = fileURLToPath(new URL('../../simulator/src/main.ts', import.meta.url))

export type RunningSimulator = AsyncDisposable & { readonly url: string }

/**
 * The simulator as a process of its own: the two sides of the wire share no code. Where the official contract
 * is at hand, every answer is held to it.
 */
export async function startSimulatorProcess(): Promise<RunningSimulator> {
  const contract = process.env['KSEF_CONTRACT_DIR']
  const rules = contract === undefined ? [] : ['--contract-file', join(contract, 'open-api.json')]
  const child = spawn(process.execPath, [PROGRAM, '--processing-delay-ms', '5', ...rules], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    return {
      url,
      async [Symbol.asyncDispose]() {
        child.kill('SIGTERM')
        await ended
      },
    }
  }
  throw new Error('the simulator ended before it listened')
}

/** A company's seal, made for tests: the simulator takes any, as the TEST environment does. */
export async function sealOf(nip: string) {
  const notBefore = new Date(Date.now() - 86_400_000)
  const notAfter = new Date(Date.now() + 86_400_000)
  const request = {
    nip,
    name: `Firma "${nip}", Wnuk i Syn`,
    algorithm: 'ecdsa-p256',
    notBefore,
    notAfter,
  } as const
  return loadCertificate(await createSelfSignedCertificate(request))
}

/** Signs in with a seal to its own context. */
export async function signInWithSeal(client: KsefClient, nip: string) {
  const context = { type: 'Nip', value: nip } as const
  const signedIn = await client.signIn.withCertificate({ context, certificate: await sealOf(nip) })
  return taken(signedIn)
}

/** The value of a call that must have succeeded. */
export function taken<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.failure))
  return result.value
}

/** A client that polls often, for a simulator that settles within milliseconds. */
export const clientOf = (
  server: { readonly url: string },
  options: Partial<Parameters<typeof createKsefClient>[0]> = {},
) => createKsefClient({ baseUrl: server.url, ...options })
