import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The folder that holds the root package.json. */
export const root = resolve(dirname(import.meta.filename), '..', '..')

/** Every workspace package, as its folder relative to the root. */
export function packageFolders(): string[] {
  const nested = ['apps', 'packages'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  )
  return [...nested, 'infra'].filter((folder) => existsSync(join(root, folder, 'package.json'))).sort()
}

/** A program that the root package.json depends on. */
export function rootProgram(name: string): string {
  return join(root, 'node_modules', '.bin', name)
}
