import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/index.ts'
import { type Caller, createCaller } from './caller.ts'
import { makeHolder, sealOf } from './certificate.ts'
import { underContract } from './contract-folder.ts'

/** A fresh simulator with one company signed in by its seal: where most stories begin. */
export type Company = {
  simulator: Simulator
  caller: Caller
  access: string
  /** Base URL of the control plane. */
  control: string
  [Symbol.asyncDispose](): Promise<void>
}

export const COMPANY_NIP = '5265877635'

export async function aCompany(options: SimulatorOptions = {}): Promise<Company> {
  const simulator = await startSimulator({ processingDelayMs: 5, ...underContract(), ...options })
  const caller = createCaller(simulator.url)
  const { access } = await caller.signIn(await makeHolder({ name: sealOf(COMPANY_NIP) }))
  const control = simulator.url.replace(/\/v2$/, '/_simulator')
  return { simulator, caller, access, control, [Symbol.asyncDispose]: () => simulator.close() }
}

/** Signs another company in to the same simulator. */
export async function alsoSignsIn({ caller }: Company, nip: string): Promise<string> {
  const holder = await makeHolder({ name: sealOf(nip) })
  return (await caller.signIn(holder, { context: `<Nip>${nip}</Nip>` })).access
}
