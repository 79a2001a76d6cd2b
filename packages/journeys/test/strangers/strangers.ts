/** Two clients that nobody here wrote, signed in by certificate to one simulator, for their whole workflows. */
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Simulator, type SimulatorOptions, startSimulator } from '@ksef-fleet/simulator'
import { KsefClient, XadesKeyPair, type XadesPemKeyPairOptions } from 'ksef-client'
import { CertificateService, KSeFClient } from 'ksef-client-ts'

export const NIP = '5265877635'
export const POLLING = { pollIntervalMs: 20, maxAttempts: 300 }
export const POLLING_TS = { intervalMs: 20, maxAttempts: 300 }

const folder = process.env['KSEF_CONTRACT_DIR']
if (folder === undefined) console.warn('KSEF_CONTRACT_DIR is not set: SKIPPED the official OpenAPI file')
const EXERCISED = fileURLToPath(new URL('../../../../.fleet/exercised', import.meta.url))

export type Strangers = AsyncDisposable & {
  simulator: Simulator
  /** Root of the simulator's host: where the Ministry's other hosts lie. */
  origin: string
  /** `ksef-client-ts` */
  ts: KSeFClient
  /** `ksef-client` */
  js: KsefClient
}

export async function strangers(options: SimulatorOptions = {}): Promise<Strangers> {
  const held =
    folder === undefined ? {} : { contractFile: `${folder}/open-api.json`, exerciseDirectory: EXERCISED }
  const simulator = await startSimulator({ processingDelayMs: 20, ...held, ...options })
  const origin = simulator.url.replace(/\/v2$/, '')
  return {
    simulator,
    origin,
    ts: await signedInTs(origin, NIP),
    js: await signedInJs(simulator.url),
    [Symbol.asyncDispose]: () => simulator.close(),
  }
}

export const sealOf = (nip: string) =>
  CertificateService.generateCompanySeal('Tartak Świerk', `VATPL-${nip}`, 'Tartak', 'ECDSA')

/** Signs in with the seal of `subjectNip` for the context `contextNip`. */
export async function signedInTs(
  origin: string,
  contextNip: string,
  subjectNip = contextNip,
): Promise<KSeFClient> {
  const { certificatePem, privateKeyPem } = await sealOf(subjectNip)
  // This client refuses pre-signed links to hosts it does not know, and appends /v2 to its base URL itself.
  const client = new KSeFClient({
    baseUrl: origin,
    baseQrUrl: origin,
    lighthouseUrl: origin,
    presignedUrlHosts: ['127.0.0.1'],
  })
  await client.loginWithCertificate(certificatePem, privateKeyPem, contextNip)
  await client.crypto.init()
  return client
}

/** Signs in for the context `NIP`, with the seal of `NIP` unless another certificate is given. */
export async function signedInJs(url: string, certificate?: XadesPemKeyPairOptions): Promise<KsefClient> {
  const keyPair = XadesKeyPair.fromPem(certificate ?? (await sealOf(NIP)))
  const client = new KsefClient({ baseUrl: url, baseQrUrl: url.replace(/\/v2$/, '') })
  const context = { type: 'Nip', value: NIP } as const
  const tokens = await client.workflows.auth.authenticateWithCertificate({ keyPair, context, ...POLLING })
  client.authManager.setTokens(tokens)
  return client
}

/** Asks until it holds; the test's own time limit is the deadline. */
export async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    await wait(POLLING.pollIntervalMs)
  }
}
