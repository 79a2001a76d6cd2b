/** The rules of the house, applied to this tree. Each rule proves in its own test that it can fail. */
import { expect, test } from 'vitest'
import { root } from '../tasks/workspace.ts'
import { importArrows } from './import-arrows.ts'
import { importsOf } from './imports.ts'
import { names } from './names.ts'
import { pages } from './pages.ts'
import { errorsAreDocumented, glossaryIsUsed, jobsAreListed } from './parity.ts'
import { coreImportsNoChance, coreWithoutClock, environmentInConfigOnly } from './purity.ts'
import { everySourceIsReached } from './reach.ts'
import { settingsAreDocumented } from './settings-page.ts'
import { sizes } from './sizes.ts'
import { type Rule, readTree } from './tree.ts'
import { words } from './words.ts'

const tree = readTree(root)

const RULES: Record<string, Rule> = {
  'imports follow the arrows of the design': importArrows,
  'no file has the name of a dumping ground': names,
  'files are small': sizes,
  'process.env is read in config.ts only': environmentInConfigOnly,
  'the core asks no clock and no chance': coreWithoutClock,
  'the core imports no source of chance': coreImportsNoChance,
  'every job stands in the array of jobs': jobsAreListed,
  'the error table and docs/ERRORS.md agree': errorsAreDocumented,
  'every setting has its row in docs/operations.md': settingsAreDocumented,
  'every term of the glossary is used': glossaryIsUsed,
  'pages have one title, links that lead somewhere and commands that exist': pages,
  'every source file is reached': everySourceIsReached,
  'no unfinished, silenced or local words': words,
}

test.each(Object.entries(RULES))('%s', (_title, rule) => {
  const report = rule(tree).map(({ place, says, instead }) => `${place} ${says} → ${instead}`)
  expect(report.join('\n')).toBe('')
})

test('the import graph that the rules read is that of a whole house', () => {
  const ours = importsOf(tree).filter(({ specifier }) => specifier?.startsWith('@ksef-fleet/'))
  expect(ours.length).toBeGreaterThan(10)
})
