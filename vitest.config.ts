import { defineConfig } from 'vitest/config'

const WITHIN_MS = 30_000
const SET_UP_WITHIN_MS = 120_000

const everywhere = {
  testTimeout: WITHIN_MS,
  hookTimeout: SET_UP_WITHIN_MS,
  setupFiles: ['./infra/testing/own-redis-database.ts'],
}

export default defineConfig({
  test: {
    globalSetup: ['./infra/testing/global-setup.ts'],
    projects: [
      {
        test: {
          ...everywhere,
          name: 'parts',
          include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'infra/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'packages/journeys/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...everywhere,
          name: 'journeys',
          include: ['packages/journeys/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // A journey runs a whole fleet: one at a time, after the parts are known to work.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
