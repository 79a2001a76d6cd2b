import { dirname, normalize } from 'node:path/posix'
import { type Finding, lineOf, type Tree } from './tree.ts'

/** Markdown: one title a page, links that lead somewhere, commands that exist. */
export function pages(tree: Tree): Finding[] {
  const all = [...tree].filter(([path]) => path.endsWith('.md'))
  const folders = new Set([...tree.keys()].flatMap(ancestors))
  return all.flatMap(([path, text]) => {
    const page = { path, text: withoutCode(text) }
    return [
      ...titles(page),
      ...links(page, (target) => tree.has(target) || folders.has(target)),
      ...scripts({ path, text }, tree),
    ]
  })
}

type Page = { path: string; text: string }

function titles({ path, text }: Page): Finding[] {
  const count = [...text.matchAll(/^# /gm)].length
  if (count === 1) return []
  return [
    { place: path, says: `has ${count} first-level headings`, instead: 'exactly one "# " line, the title' },
  ]
}

function links({ path, text }: Page, exists: (target: string) => boolean): Finding[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => {
    const link = match[1] ?? ''
    if (/^([a-z]+:|#)/.test(link)) return []
    const target = normalize(`${dirname(path)}/${link.replace(/#.*$/, '')}`).replace(/\/$/, '')
    if (exists(target)) return []
    return [
      {
        place: `${path}:${lineOf(text, match.index)}`,
        says: `links to ${target}, which is not there`,
        instead: 'correct the link',
      },
    ]
  })
}

function scripts({ path, text }: Page, tree: Tree): Finding[] {
  const json: unknown = JSON.parse(tree.get('package.json') ?? '{}')
  const declared: unknown = json !== null && typeof json === 'object' ? Reflect.get(json, 'scripts') : {}
  const known = new Set(Object.keys(declared ?? {}))
  return [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start))\b/g)].flatMap((match) => {
    const name = match[1] ?? match[2] ?? ''
    if (known.has(name)) return []
    return [
      {
        place: `${path}:${lineOf(text, match.index)}`,
        says: `names the script ${name}`,
        instead: `one of: ${[...known].join(', ')}`,
      },
    ]
  })
}

/** Blanks out fenced code, keeping the lines, so that `# comment` in a shell example is no heading. */
function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```/gm, (code) => code.replaceAll(/[^\n]/g, ' '))
}

function ancestors(path: string): string[] {
  const folder = dirname(path)
  return folder === '.' ? ['.'] : [folder, ...ancestors(folder)]
}
