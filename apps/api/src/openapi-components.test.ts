import { expect, test } from 'vitest'
import { tidyComponents } from './openapi-components.ts'

const refer = (name: string) => ({ $ref: `#/components/schemas/${name}` })

test('what nothing refers to goes, and inputs take their plain names unless an output looks different', () => {
  const document = {
    paths: {
      '/a': {
        post: {
          body: refer('NewInput'),
          same: [refer('State'), refer('StateInput')],
          other: refer('Thing'),
          differs: refer('ThingInput'),
        },
      },
    },
    components: {
      securitySchemes: { key: { type: 'http' } },
      schemas: {
        New: { type: 'object' },
        NewInput: { properties: { part: refer('PartInput') } },
        PartInput: { type: 'string' },
        State: { enum: ['a'] },
        StateInput: { enum: ['a'] },
        Thing: { type: 'string' },
        ThingInput: { type: 'number' },
        Unused: { type: 'null' },
      },
    },
  }
  expect(tidyComponents(document)).toEqual({
    paths: {
      '/a': {
        post: {
          body: refer('New'),
          same: [refer('State'), refer('State')],
          other: refer('Thing'),
          differs: refer('ThingInput'),
        },
      },
    },
    components: {
      securitySchemes: { key: { type: 'http' } },
      schemas: {
        New: { properties: { part: refer('Part') } },
        Part: { type: 'string' },
        State: { enum: ['a'] },
        Thing: { type: 'string' },
        ThingInput: { type: 'number' },
      },
    },
  })
})
