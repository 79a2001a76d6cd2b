import { basename, dirname } from 'node:path/posix'
import { type Finding, sources, type Tree } from './tree.ts'

const REFUSED = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'lib', 'shared', 'types']
/** Two names come from the people who asked for the system. */
const MANAGERS = ['ksef-context-manager', 'ksef-secret-manager']
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config))?$/

/** No dumping grounds: a file without a name of the field has no place yet. */
export function names(tree: Tree): Finding[] {
  return sources(tree).flatMap(([path]) => [...refused(path), ...spelling(path)])
}

function refused(path: string): Finding[] {
  const stem = stemOf(path)
  const parts = [...dirname(path).split('/'), stem]
  const bad = parts.find((part) => REFUSED.includes(part.toLowerCase()))
  if (bad !== undefined) {
    return [
      {
        place: path,
        says: `is called "${bad}"`,
        instead: 'name it after what it is about: export-window, ksef-number, cipher',
      },
    ]
  }
  const isManager = /manager$/i.test(stem) && !MANAGERS.includes(stem)
  if (!isManager && !/service$/i.test(stem)) return []
  return [
    {
      place: path,
      says: 'is called manager or service',
      instead: 'name it after what it does: rotation, budget, sealer',
    },
  ]
}

function spelling(path: string): Finding[] {
  const stem = basename(path).replace(/\.(ts|mjs)$/, '')
  if (KEBAB.test(stem)) return []
  return [{ place: path, says: 'is not in kebab-case', instead: 'lower case words joined by hyphens' }]
}

function stemOf(path: string): string {
  return basename(path).replace(/(\.(test|config))?\.(ts|mjs)$/, '')
}
