/** A whole fleet of one company in a few objects: rows, KSeF, workers that are somewhere in a job, and one clock. */
import { DELIVERY_TIMING, type DeliveryTiming } from '@ksef-fleet/core'
import type { Result, SessionInvoice } from '@ksef-fleet/ksef'
import { type Decisions, REAL } from './decisions.ts'
import { copyRows, newRows, type Row, type Rows } from './rows.ts'
import { copyKsef, newKsef, type VirtualKsef } from './virtual-ksef.ts'

export const TIMING: DeliveryTiming = DELIVERY_TIMING

/** Where in a job a worker is: what it does next. */
export type Step =
  | 'idle'
  | 'insert-opening'
  | 'open'
  | 'store-open'
  | 'abandon'
  | 'claim'
  | 'begin'
  | 'send'
  | 'settle'
  | 'ask'
  | 'ask-whole'
  | 'judge'
  | 'ask-original'
  | 'record-original'
  | 'start-closing'
  | 'close'
  | 'store-closed'
  | 'ask-settled'
  | 'store-settled'
  | 'fetch-upo'
  | 'store-upo'

/** A submission as a worker read it: it may have moved on since. */
export type Read = Pick<Row, 'state' | 'fence' | 'polls' | 'referenceNumber' | 'invoiceHash'> & { at: number }

export type Worker = {
  step: Step
  /** The row of the session at hand, and KSeF's session behind it. */
  session: number
  ksefSession: number
  row: number
  fence: number
  attempt: number
  sent: Result<{ referenceNumber: string }> | null
  due: readonly Read[]
  seen: readonly SessionInvoice[]
  whole: boolean
  settled: boolean
  original: { ksefNumber: string | null; session: string | null }
  verdict: 'ours' | 'another' | 'unverifiable' | 'unknown-yet'
  ksefNumber: string | null
}

export const newWorker = (): Worker => ({
  step: 'idle',
  session: -1,
  ksefSession: -1,
  row: -1,
  fence: 0,
  attempt: -1,
  sent: null,
  due: [],
  seen: [],
  whole: false,
  settled: false,
  original: { ksefNumber: null, session: null },
  verdict: 'unknown-yet',
  ksefNumber: null,
})

export type World = {
  decisions: Decisions
  now: number
  ksef: VirtualKsef
  rows: Rows
  workers: Worker[]
  /** Whose turn it is. */
  turn: number
  /** Workers that stopped amid a step, and when they go on with it. */
  asleep: { worker: Worker; wakesAt: number }[]
  steps: number
  /** Follows from every step and fault so far. */
  trace: number
}

export type Setting = {
  workers: number
  invoices: readonly { number: string; hash: string }[]
  /** Registered by another system before. */
  taken?: readonly { number: string; hash: string }[]
  decisions?: Decisions
}

export const newWorld = ({ workers, invoices, taken = [], decisions = REAL }: Setting): World => ({
  decisions,
  now: 0,
  ksef: newKsef(taken),
  rows: newRows(invoices),
  workers: Array.from({ length: workers }, newWorker),
  turn: 0,
  asleep: [],
  steps: 0,
  trace: 0x811c9dc5,
})

export const copyWorld = (world: World): World => ({
  ...world,
  ksef: copyKsef(world.ksef),
  rows: copyRows(world.rows),
  workers: world.workers.map((worker) => ({ ...worker })),
  asleep: world.asleep.map(({ worker, wakesAt }) => ({ worker: { ...worker }, wakesAt })),
})
