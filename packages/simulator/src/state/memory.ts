import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import { createDocuments } from './documents.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'
import { freshState, type WorldState } from './world-state.ts'

/** What a simulator remembers, and where: in this process only, or in a folder as well. */
export type Memory = {
  state: WorldState
  /** Takes an accepted document out of the process and into the folder; reading it stays the same. */
  keepDocument(invoice: AcceptedInvoice): void
  /** Settles once everything that is known now is kept. */
  commit(): Promise<void>
}

export const forgetful = (seed?: string): Memory => ({
  state: freshState(seed),
  keepDocument: () => undefined,
  commit: () => Promise.resolve(),
})

/**
 * Remembers in `directory`: one snapshot of everything, replaced whole, and the documents beside it by their hash.
 * An answer leaves only after `commit`, so what a caller was told survives the death of the process (not a power
 * cut: nothing is forced to the disk). Writes that wait for each other are made as one.
 *
 * @throws Error when the folder was written by another version of the simulator
 */
export function rememberingIn(directory: string, seed?: string): Memory {
  mkdirSync(directory, { recursive: true })
  const file = path.join(directory, 'state.v8')
  const documents = createDocuments(path.join(directory, 'documents'))
  const state = { ...freshState(seed), ...readSnapshot(file) }
  for (const invoice of state.register.byKsefNumber.values()) documents.recall(invoice)

  let running: Promise<void> | undefined
  let queued: Promise<void> | undefined
  const write = async () => {
    await writeSnapshot(file, state)
  }
  const begin = (): Promise<void> => {
    queued = undefined
    running = write().finally(() => {
      running = undefined
    })
    return running
  }
  return {
    state,
    keepDocument: documents.keep,
    commit: () => {
      if (running === undefined) return begin()
      // The running write may have begun before this caller's change: wait for the one after it.
      queued ??= running.catch(() => undefined).then(begin)
      return queued
    },
  }
}
