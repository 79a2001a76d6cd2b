import { installWithApt, onPath } from '../services/apt.ts'

/** Poppler draws and reads the papers that tests look at. Where it cannot be had, those tests are skipped and say so. */
export async function providePoppler(log: (line: string) => void): Promise<void> {
  if (onPath(['pdftoppm']) !== undefined) return
  try {
    await installWithApt('poppler-utils', (line) => log(`Poppler: ${line}`))
  } catch (error) {
    log(`Poppler: ${error instanceof Error ? error.message : String(error)}`)
  }
}
