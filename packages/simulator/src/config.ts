import path from 'node:path'

/**
 * Where the invoice schemas lie: `KSEF_SCHEMA_DIR`, else the folder that the `build` script fills.
 * The only environment variable the simulator knows; everything else is an option.
 */
export function schemaFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return environment['KSEF_SCHEMA_DIR'] ?? path.resolve(import.meta.dirname, '../schemas')
}
