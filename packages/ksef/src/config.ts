import { fileURLToPath } from 'node:url'

/** Where the Ministry's schemas lie: `KSEF_SCHEMA_DIR`, else the folder `schemas` that `build` fills. */
export const schemaDirectory = (): string =>
  process.env['KSEF_SCHEMA_DIR'] ?? fileURLToPath(new URL('../schemas', import.meta.url))
