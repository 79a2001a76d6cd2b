/** Looks for planted values wherever a fleet keeps or tells something. */
import { expect } from 'vitest'

export { dumpRedis, dumpTables, spellings } from '../src/leaks/search.ts'

export function expectNone(text: string, canaries: readonly string[], where: string): void {
  for (const canary of canaries) {
    const at = text.indexOf(canary)
    expect(at === -1 ? null : text.slice(Math.max(0, at - 80), at + 20), `${canary} in ${where}`).toBeNull()
  }
}
