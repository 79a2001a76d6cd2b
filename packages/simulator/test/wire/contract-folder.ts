import path from 'node:path'

/** The folder of official files (OpenAPI, schemas, samples), or undefined with a loud word about what is skipped. */
export function contractFolder(skipped: string): string | undefined {
  const folder = process.env['KSEF_CONTRACT_DIR']
  if (folder === undefined) console.warn(`KSEF_CONTRACT_DIR is not set: SKIPPED ${skipped}`)
  return folder
}

/** Where `--list` looks for what was exercised. */
const EXERCISED = path.resolve(import.meta.dirname, '../../../../.fleet/exercised')

/** Options that hold the simulator to the official OpenAPI file when it is at hand. */
export function underContract(): { contractFile?: string; exerciseDirectory?: string } {
  const folder = contractFolder('checking the simulator against the official OpenAPI file')
  return folder === undefined ? {} : { contractFile: `${folder}/open-api.json`, exerciseDirectory: EXERCISED }
}
