import type { Step, Worker } from './world.ts'

/**
 * What may go wrong at a step. `die` and `sleep` befall the worker; the others the line to KSeF or what KSeF does. `lagging`:
 * the session's list shows the invoice late. `preempt`: another worker has its turn first.
 */
export const FAULTS = [
  'none',
  'die-before',
  'die-after',
  'sleep',
  'sleep-long',
  'no-answer',
  'reset',
  'unreachable',
  'server-error',
  'paused',
  'cancelled',
  'no-answer-lagging',
  'die-after-lagging',
  'preempt',
] as const
export type Fault = (typeof FAULTS)[number]

const COMMIT: readonly Fault[] = ['die-before', 'die-after', 'sleep', 'sleep-long']
const READ: readonly Fault[] = ['die-before', 'no-answer']
const EFFECT: readonly Fault[] = ['die-before', 'die-after', 'no-answer', 'reset', 'unreachable', 'sleep']
const POST: readonly Fault[] = [
  ...EFFECT,
  'sleep-long',
  'server-error',
  'paused',
  'cancelled',
  'no-answer-lagging',
  'die-after-lagging',
]

const AT: Readonly<Record<Step, readonly Fault[]>> = {
  idle: [],
  'insert-opening': COMMIT,
  open: EFFECT,
  'store-open': COMMIT,
  abandon: COMMIT,
  claim: COMMIT,
  begin: COMMIT,
  send: POST,
  settle: COMMIT,
  ask: READ,
  'ask-whole': READ,
  judge: COMMIT,
  'ask-original': READ,
  'record-original': COMMIT,
  'start-closing': COMMIT,
  close: EFFECT,
  'store-closed': COMMIT,
  'ask-settled': READ,
  'store-settled': COMMIT,
  'fetch-upo': READ,
  'store-upo': COMMIT,
}
const WITH_OTHERS = new Map(
  Object.entries(AT).map(([step, faults]) => [step, [...faults, 'preempt'] satisfies readonly Fault[]]),
)

/** @param others whether another worker could have its turn instead */
export const faultsAt = ({ step }: Worker, others: boolean): readonly Fault[] =>
  others ? (WITH_OTHERS.get(step) ?? []) : AT[step]
