import { defineConfig } from 'drizzle-kit'

// `pnpm --filter @ksef-fleet/db generate --name=what_changes` writes the next migration from the difference to tables.ts.
export default defineConfig({ dialect: 'postgresql', schema: './src/tables.ts', out: './migrations' })
