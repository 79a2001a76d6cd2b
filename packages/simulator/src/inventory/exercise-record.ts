import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Call } from '../control/ledger.ts'

/**
 * Which operations a run has really exercised: one empty file for each, named by the operation, as old as the last
 * time. Files, so that any number of test processes may write at once.
 */
const wasExercised = ({ httpStatus, fault }: Call): boolean =>
  httpStatus >= 200 && httpStatus < 400 && fault === undefined

/** Notes every operation that was answered without refusal and without a fault. */
export function recordExercise(directory: string, calls: readonly Call[]): void {
  mkdirSync(directory, { recursive: true })
  for (const operation of new Set(calls.filter(wasExercised).map((call) => call.operation)))
    writeFileSync(path.join(directory, encodeURIComponent(operation)), '')
}

/** The operations noted in `directory`, each with the moment of its last exercise. */
export function readExercise(directory: string): Map<string, Date> {
  const names = existsSync(directory) ? readdirSync(directory) : []
  return new Map(
    names.map((name) => [decodeURIComponent(name), statSync(path.join(directory, name)).mtime] as const),
  )
}
