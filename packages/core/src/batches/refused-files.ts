import type { Fault } from '../errors.ts'

/** Files of a batch that cannot be accepted: all are counted, and the first told of. */
export type RefusedFiles = { count: number; faults: Fault[] }

/** Files told of; a caller who mends these and sends again learns of the next. */
export const FILES_TOLD_MAX = 100
const FAULTS_OF_FILE_MAX = 3

export function noteRefusal(refused: RefusedFiles, file: string, faults: readonly Fault[]): void {
  refused.count += 1
  if (refused.count > FILES_TOLD_MAX) return
  refused.faults.push(...faults.slice(0, FAULTS_OF_FILE_MAX).map((fault) => ({ file, ...fault })))
}
