import { child, literal, nameOf, parse, type SyntaxNode, walk } from './syntax.ts'
import { type Finding, isTest, lineOf, sources, type Tree } from './tree.ts'

const JOBS_FOLDER = 'packages/core/src/jobs/'
const JOBS_INDEX = `${JOBS_FOLDER}index.ts`

/** A job is a file that calls defineJob; it runs only if it stands in the array of jobs/index.ts. */
export function jobsAreListed(tree: Tree): Finding[] {
  const index = tree.get(JOBS_INDEX)
  if (index === undefined) return []
  const listed = new Set(arrayElements(parse(JOBS_INDEX, index)))
  const defined = sources(tree)
    .filter(([path]) => path.startsWith(JOBS_FOLDER) && !isTest(path))
    .flatMap(([path, text]) => jobsIn(path, text).map((name) => ({ path, name })))
  const unlisted = defined
    .filter(({ name }) => !listed.has(name))
    .map(({ path, name }) => ({
      place: path,
      says: `the job ${name} is in no array`,
      instead: `add it to ${JOBS_INDEX}`,
    }))
  if (defined.length > 0) return unlisted
  return [{ place: JOBS_INDEX, says: 'no job was found', instead: 'define jobs with defineJob, one a file' }]
}

function jobsIn(path: string, text: string): string[] {
  return [...walk(parse(path, text))].flatMap((node) => {
    if (node.type !== 'VariableDeclarator') return []
    const called = nameOf(child(child(node, 'init') ?? node, 'callee'))
    const name = nameOf(child(node, 'id'))
    return called === 'defineJob' && name !== undefined ? [name] : []
  })
}

function arrayElements(program: SyntaxNode): string[] {
  return [...walk(program)]
    .filter(({ type }) => type === 'ArrayExpression')
    .flatMap((array) => [...walk(array)].map((element) => nameOf(element) ?? ''))
}

const ERRORS_PAGE = 'docs/ERRORS.md'
/** The tables of codes, as keys or as `code` of a row: below which folder they are declared, and under which name. */
const CODE_TABLES = [
  { under: 'packages/core/src/', name: /^([A-Z]+_)?(ERRORS|OUTCOMES)$/ },
  { under: 'packages/ksef/src/', name: /^(INVOICE_FAULTS?(_CODES)?|InvoiceFaultCode|ARCHIVE_PROBLEMS)$/ },
]
const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/

/** docs/ERRORS.md gives each code a table row or a heading of its own, and names no code that does not exist. */
export function errorsAreDocumented(tree: Tree): Finding[] {
  const declared = codesIn(tree)
  const page = tree.get(ERRORS_PAGE)
  if (page === undefined) {
    return [{ place: ERRORS_PAGE, says: 'is missing', instead: 'write it: one row for each error code' }]
  }
  if (declared.length === 0) {
    return [
      {
        place: '.',
        says: 'no error code was found',
        instead: 'repair the check: it looks in the wrong files',
      },
    ]
  }
  const described = [...page.matchAll(/^(?:\|\s*|#{2,4}\s+)`?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`?(?=\s|\||$)/gm)]
  const codes = new Map(described.map((match) => [match[1] ?? '', lineOf(page, match.index)]))
  const missing = declared
    .filter(({ code }) => !codes.has(code))
    .map(({ code, place }) => ({
      place,
      says: `${code} is not in ${ERRORS_PAGE}`,
      instead: 'describe it there',
    }))
  const known = new Set(declared.map(({ code }) => code))
  const unknown = [...codes]
    .filter(([code]) => !known.has(code))
    .map(([code, line]) => ({
      place: `${ERRORS_PAGE}:${line}`,
      says: `${code} does not exist`,
      instead: 'remove it or correct its name',
    }))
  return [...missing, ...unknown]
}

type Code = { code: string; place: string }

function codesIn(tree: Tree): Code[] {
  const found = CODE_TABLES.flatMap(({ under, name }) =>
    sources(tree)
      .filter(([path]) => path.startsWith(under) && !isTest(path))
      .flatMap(([path, text]) =>
        [...walk(parse(path, text))]
          .filter((node) => DECLARED.has(node.type) && name.test(nameOf(child(node, 'id')) ?? ''))
          .flatMap((node) => [...walk(node)])
          .flatMap((node) =>
            codeOf(node).map((code) => ({ code, place: `${path}:${lineOf(text, node.start)}` })),
          ),
      ),
  )
  return [...new Map(found.map((one) => [one.code, one])).values()]
}

const DECLARED = new Set(['VariableDeclarator', 'TSTypeAliasDeclaration'])

/** Keys of a table, strings of a list, members of a union. */
function codeOf(node: SyntaxNode): string[] {
  const written = node.type === 'Property' ? nameOf(child(node, 'key')) : literal(node)
  return written !== undefined && CODE.test(written) ? [written] : []
}

const GLOSSARY = 'docs/GLOSSARY.md'

/** Every bold term of the glossary is a word the source really uses, in whatever case. */
export function glossaryIsUsed(tree: Tree): Finding[] {
  const page = tree.get(GLOSSARY)
  if (page === undefined)
    return [{ place: GLOSSARY, says: 'is missing', instead: 'write it: each word of the field once' }]
  const terms = [...page.matchAll(/\*\*(.+?)\*\*/g)]
  if (terms.length === 0)
    return [{ place: GLOSSARY, says: 'has no bold term', instead: 'set each explained word in bold' }]
  const all = [...sources(tree), ...[...tree].filter(([path]) => path.endsWith('.sql'))]
    .map(([, text]) => text)
    .join('\n')
    .toLowerCase()
  return terms
    .map((match) => ({ term: (match[1] ?? '').replaceAll('`', ''), line: lineOf(page, match.index) }))
    .filter(({ term }) => !all.includes(term.toLowerCase()))
    .map(({ term, line }) => ({
      place: `${GLOSSARY}:${line}`,
      says: `"${term}" occurs nowhere in the source`,
      instead: 'use the word the source uses, or drop the entry',
    }))
}
