import { expect, test } from 'vitest'
import { pages } from './pages.ts'
import { plant } from './tree.ts'

const says = (files: Record<string, string>) =>
  pages(plant({ 'package.json': '{"scripts":{"test":"x","bench":"x"}}', ...files })).map(
    (one) => `${one.place} ${one.says}`,
  )

test('a page has one title; a comment in a shell example is none', () => {
  expect(says({ 'README.md': '# A\n```sh\n# comment\n```\n' })).toEqual([])
  expect(says({ 'README.md': '# A\n# B\n' })).toEqual(['README.md has 2 first-level headings'])
  expect(says({ 'README.md': 'words\n' })).toEqual(['README.md has 0 first-level headings'])
})

test('a relative link leads to a file or a folder; links into the world are not followed', () => {
  const good = '# A\n[b](docs/b.md#part) [d](docs/) [w](https://example.org/x) [h](#here)\n'
  expect(says({ 'README.md': good, 'docs/b.md': '# B\n[up](../README.md)\n' })).toEqual([])
  expect(says({ 'README.md': '# A\n\n[b](docs/gone.md)\n' })).toEqual([
    'README.md:3 links to docs/gone.md, which is not there',
  ])
})

test('a command that is no script is found, inside examples too', () => {
  expect(
    says({ 'README.md': '# A\n`npm test` and\n```sh\nnpm run bench -- x\nnpm run gone\nnpm start\n```\n' }),
  ).toEqual(['README.md:5 names the script gone', 'README.md:6 names the script start'])
})
