import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The files that are, or are about to be, in the repository: path relative to the root → text. */
export type Tree = ReadonlyMap<string, string>

/** A place that breaks a rule, and what to do there instead. */
export type Finding = { place: string; says: string; instead: string }

export type Rule = (tree: Tree) => Finding[]

const TEXT =
  /\.(ts|mjs|js|json|jsonc|md|yaml|yml|sql|sh|tf|toml|html|css|txt)$|(^|\/)(Dockerfile|LICENSE|run|\.[a-z]+ignore)$/

/** Reads every text file that git knows or would add. */
export function readTree(root: string): Tree {
  // A clone made by another account, as in a container, is still ours to read.
  const trusting = ['-c', 'safe.directory=*']
  const listed = execFileSync(
    'git',
    [...trusting, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64_000_000,
    },
  )
  const paths = listed.split('\0').filter((path) => TEXT.test(path) && existsAsFile(join(root, path)))
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** A tree written down in a test. */
export function plant(files: Record<string, string>): Tree {
  return new Map(Object.entries(files))
}

/** Tests and what only tests use; these rules themselves are such. */
export const isTest = (path: string): boolean => /\.test\.ts$|\/test\/|\/testing\/|^infra\/house\//.test(path)

/** Hand-written TypeScript and JavaScript; journeys included. */
export function sources(tree: Tree): [path: string, text: string][] {
  return [...tree].filter(([path]) => /^(apps|packages|infra)\/.*\.(ts|mjs)$/.test(path))
}

/** `apps/api`, `packages/core`, `infra`: the workspace package a path lies in. */
export function packageOf(path: string): string | undefined {
  return /^(infra|(?:apps|packages)\/[^/]+)\//.exec(path)?.[1]
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function existsAsFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
