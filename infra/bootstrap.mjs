#!/usr/bin/env node
/**
 * The door of every root script: `node infra/bootstrap.mjs <task> [arguments]`.
 *
 * Plain JavaScript for the Node (>= 18) that happens to be there, with nothing installed. It gets Node 24 and the
 * pinned pnpm when the machine's do not fit, installs and builds what is stale, then runs the task with Node 24.
 * Everything it says goes to stderr: stdout belongs to the task.
 */
import { prepare } from './bootstrap/prepare.mjs'
import { explain } from './bootstrap/problem.mjs'
import { runTask } from './bootstrap/run-task.mjs'

/** Task name → the file that Node 24 runs. */
const TASKS = {
  start: 'packages/journeys/src/start.ts',
  test: 'infra/tasks/test.ts',
  simulator: 'packages/simulator/src/main.ts',
  sample: 'packages/journeys/src/sample.ts',
  migrate: 'packages/db/src/migrate-main.ts',
  bench: 'packages/journeys/src/bench/main.ts',
  chaos: 'packages/journeys/src/chaos/main.ts',
}

const [name, ...args] = process.argv.slice(2)
const entry = Object.entries(TASKS).find(([task]) => task === name)?.[1]

try {
  if (entry === undefined) {
    process.stderr.write(`There is no task "${name ?? ''}". Tasks: ${Object.keys(TASKS).join(', ')}\n`)
    process.exitCode = 2
  } else {
    process.exitCode = await runTask(await prepare(), { entry, args })
  }
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
