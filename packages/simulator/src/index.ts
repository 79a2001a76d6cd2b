export type { Fault, FaultMode } from './control/faults.ts'
export type { Decision, Ledger, LedgerSnapshot } from './control/ledger.ts'
export { type Simulator, type SimulatorOptions, startSimulator } from './start.ts'
