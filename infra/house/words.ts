import { type Finding, lineOf, sources, type Tree } from './tree.ts'

type Refused = { pattern: RegExp; says: string; instead: string }

// Spelled apart so that this file does not find itself.
const UNFINISHED = new RegExp(
  `\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['X', 'XX'].join('')})\\b|not${' '}implemented`,
  'g',
)
const REGISTRY = /https?:\/\/(?:registry|npm|packages|mirror)\.[\w.-]+/gi
const WORKPLACE = /(?<![\w.$}])\/(?:home|root|Users|work)\/[\w.-]+/g

const IN_SOURCE: Refused[] = [
  { pattern: UNFINISHED, says: 'announces unfinished work', instead: 'finish it, or leave it out' },
  { pattern: /\b(describe|test|it)\.only\b/g, says: 'runs one test alone', instead: 'remove .only' },
  { pattern: /@ts-(ignore|nocheck)/g, says: 'silences the compiler', instead: 'give the value its type' },
  { pattern: /\bas unknown as\b/g, says: 'casts through unknown', instead: 'narrow or parse the value' },
]
const ANYWHERE: Refused[] = [
  {
    pattern: REGISTRY,
    says: 'names a registry host',
    instead: "leave it to the machine's npm configuration",
  },
  {
    pattern: WORKPLACE,
    says: 'names a path of one machine',
    instead: 'take it from an environment variable',
  },
]

/** Words that do not belong into the tree. */
export function words(tree: Tree): Finding[] {
  const inSource = sources(tree).filter(([path]) => !path.startsWith('infra/house/words'))
  const anywhere = [...tree].filter(([path]) => !/^\.ci\/run$|^infra\/house\/words|\.patch$/.test(path))
  return [...found(inSource, IN_SOURCE), ...found(anywhere, ANYWHERE)]
}

function found(files: [string, string][], refused: Refused[]): Finding[] {
  return files.flatMap(([path, text]) =>
    refused.flatMap(({ pattern, says, instead }) =>
      [...text.matchAll(pattern)].map((match) => ({
        place: `${path}:${lineOf(text, match.index)}`,
        says,
        instead,
      })),
    ),
  )
}
