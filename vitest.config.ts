import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { JourneysFirst } from './infra/testing/journeys-first.ts'

/** Ample, for a machine that does much else: a story that hangs is told in time, and none is cut off for being slow. */
const WITHIN_MS = 60_000
const SET_UP_WITHIN_MS = 120_000

/** Each worker has a Redis database of its own, and a Redis has 16; its connections to PostgreSQL count as well. */
const WORKERS_MAX = 8

const everywhere = {
  // One more than there are cores: a good part of what these tests do is to wait for servers and processes of theirs.
  maxWorkers: Math.min(availableParallelism() + 1, WORKERS_MAX),
  testTimeout: WITHIN_MS,
  hookTimeout: SET_UP_WITHIN_MS,
  setupFiles: ['./infra/testing/own-redis-database.ts', './infra/testing/nothing-left-behind.ts'],
  // Loading the same modules anew for each of hundreds of files took longer than their tests; none leaves anything behind.
  isolate: false,
}

export default defineConfig({
  test: {
    globalSetup: ['./infra/testing/global-setup.ts'],
    sequence: { sequencer: JourneysFirst },
    projects: [
      {
        test: {
          ...everywhere,
          name: 'parts',
          include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'infra/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'packages/journeys/**'],
        },
      },
      {
        test: {
          ...everywhere,
          name: 'journeys',
          globalSetup: ['./packages/journeys/test/bundled-programs.ts'],
          include: ['packages/journeys/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
        },
      },
    ],
  },
})
