import { createClock } from '../clock.ts'
import { UNIMPLEMENTED } from '../routes/unimplemented.ts'
import { buildServer } from '../server.ts'
import { DEFAULT_SETTINGS } from '../settings.ts'
import { forgetful } from '../state/memory.ts'
import { createWorld } from '../world.ts'
import { DEVIATIONS } from './deviations.ts'
import { readExercise } from './exercise-record.ts'

export type ListedOperation = { operation: string; implemented: boolean; exercised?: Date }

/** Every operation of the API, from the routes themselves, with what `directory` records of the last test runs. */
export async function listOperations(directory: string): Promise<ListedOperation[]> {
  const world = await createWorld(DEFAULT_SETTINGS, createClock(), forgetful())
  const app = await buildServer(world)
  await app.close()
  const exercised = readExercise(directory)
  const missing = new Set(UNIMPLEMENTED)
  return [...world.operations]
    .filter((operation) => !operation.startsWith('HEAD ') && !operation.includes(' /storage/'))
    .sort((a, b) => pathOf(a).localeCompare(pathOf(b)) || a.localeCompare(b))
    .map((operation) => {
      const at = exercised.get(operation)
      return {
        operation,
        implemented: !missing.has(operation),
        ...(at === undefined ? {} : { exercised: at }),
      }
    })
}

const pathOf = (operation: string): string => operation.slice(operation.indexOf(' ') + 1)

/** The same as text: a table of operations, their number, and the deviations with their reasons. */
export async function describeOperations(directory: string): Promise<string> {
  const operations = await listOperations(directory)
  const width = Math.max(...operations.map(({ operation }) => operation.length))
  const rows = operations.map(({ operation, implemented, exercised }) => {
    const when = exercised === undefined ? 'no' : exercised.toISOString().slice(0, 16)
    return `${operation.padEnd(width)}  ${(implemented ? 'yes' : '501').padEnd(11)}  ${when}`
  })
  const implemented = operations.filter((one) => one.implemented)
  const exercised = implemented.filter((one) => one.exercised !== undefined)
  return [
    `${'operation'.padEnd(width)}  implemented  exercised`,
    ...rows,
    '',
    `${operations.length} operations, ${implemented.length} implemented, ${exercised.length} of these exercised.`,
    'Exercised: answered without refusal and without a fault by a test whose answers were held to the contract',
    '(npm test with KSEF_CONTRACT_DIR set).',
    '',
    'Deviations:',
    ...DEVIATIONS.map(({ operation, departs, because }) => `  ${operation}\n    ${departs}\n    ${because}`),
  ].join('\n')
}
