import { ERRORS } from '@ksef-fleet/core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { routesOf } from '../src/index.ts'
import { type RunningApi, startApi } from './running-api.ts'

const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  tags: z.array(z.string()),
  security: z.array(z.unknown()).optional(),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string() })),
})
const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({ enum: z.array(z.string()).optional() })),
  }),
})

let api: RunningApi
let document: z.infer<typeof Document>
beforeAll(async () => {
  api = await startApi()
  document = Document.parse((await api.call({ url: '/openapi.json', key: null })).json())
})
afterAll(() => api?.[Symbol.asyncDispose]())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      ...operation,
    })),
  )

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const result = await validator.validate(structuredClone(document))
    expect(result.errors ?? []).toEqual([])
    expect(result.valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  test('describes exactly the routes there are', () => {
    const undocumented = [
      '/docs',
      '/docs/',
      '/docs/js/scalar.js',
      '/docs/errors',
      '/openapi.json',
      '/metrics',
    ]
    const served = routesOf(api.app)
      .routes()
      .filter(({ method, url }) => method !== 'HEAD' && !undocumented.includes(url))
      .map(({ method, url }) => `${method} ${url.replace(/:([A-Za-z]+)/g, '{$1}')}`)
    expect(new Set(operations().map(({ name }) => name))).toEqual(new Set(served))
  })

  test('gives every operation an id of its own, a summary and a tag', () => {
    const ids = operations().map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { name, summary, tags } of operations()) {
      expect(summary, name).toMatch(/\.$/)
      expect(tags, name).toHaveLength(1)
    }
  })

  test('names, for every operation under a key, the codes it can answer, all of them of the closed table', () => {
    for (const { name, security, responses } of operations()) {
      if (security?.length === 0) continue
      const described = Object.entries(responses).filter(([status]) => status >= '400')
      expect(
        described.map(([status]) => status),
        name,
      ).toEqual(expect.arrayContaining(['400', '401', '429', '500', '503']))
      for (const [status, { description }] of described) {
        for (const [, code] of description.matchAll(/`([A-Z_]+)`/g)) {
          if (code !== code?.toUpperCase() || !(code! in ERRORS)) continue
          expect(String(ERRORS[code as keyof typeof ERRORS].httpStatus), `${name} ${code}`).toBe(status)
        }
      }
    }
  })

  test('describes an upload of a batch as bytes, and in a form as files', () => {
    const upload = operations().find(({ operationId }) => operationId === 'acceptBatch')
    expect(upload?.requestBody).toMatchObject({
      content: {
        'application/zip': { schema: { type: 'string', format: 'binary' } },
        'application/gzip': { schema: { type: 'string', format: 'binary' } },
        'multipart/form-data': { schema: { properties: { files: { type: 'array' } } } },
      },
    })
  })

  test('describes an invoice as XML and as JSON, with an example of each kind that its schema takes', async () => {
    const post = operations().find(({ operationId }) => operationId === 'acceptInvoice')
    const Body = z.looseObject({
      content: z.looseObject({
        'application/xml': z.looseObject({ schema: z.looseObject({ type: z.literal('string') }) }),
        'application/json': z.looseObject({
          schema: z.looseObject({ oneOf: z.array(z.looseObject({ $ref: z.string() })) }),
          examples: z.record(z.string(), z.looseObject({ value: z.unknown() })),
        }),
      }),
    })
    const json = Body.parse(post?.requestBody).content['application/json']
    expect(Object.keys(json.examples).sort()).toEqual(
      ['KOR', 'KOR_ROZ', 'KOR_VAT_RR', 'KOR_ZAL', 'ROZ', 'UPR', 'VAT', 'VAT_RR', 'ZAL'].sort(),
    )
    const ajv = ajvFormats.default(new Ajv2020({ strict: false }))
    const validate = ajv.compile({ ...json.schema, components: document.components })
    for (const [kind, { value }] of Object.entries(json.examples))
      expect([kind, validate(value), validate.errors]).toEqual([kind, true, null])
    expect(validate({ number: '1', issueDate: '2026-02-02', lines: [{ qty: 1 }] })).toBe(false)
  })

  test('lists every error code in the form of a problem', async () => {
    const problem = z
      .looseObject({ properties: z.looseObject({ code: z.looseObject({ enum: z.array(z.string()) }) }) })
      .parse(document.components.schemas.Problem)
    expect(new Set(problem.properties.code.enum)).toEqual(new Set(Object.keys(ERRORS)))
  })

  test('has no schema that nothing refers to, and no reference that leads nowhere', () => {
    const text = JSON.stringify(document)
    const referred = new Set([...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name))
    expect(referred).toEqual(new Set(Object.keys(document.components.schemas)))
    expect([...referred].filter((name) => name?.endsWith('Input'))).toEqual([])
  })
})

describe('the pages', () => {
  test('of the documentation load nothing from elsewhere', async () => {
    const page = await api.call({ url: '/docs/', key: null })
    expect(page.statusCode).toBe(200)
    expect(page.body).not.toMatch(/(src|href)=["']?(https?:)?\/\//)
    expect(page.headers['content-security-policy']).toMatch(/connect-src 'self'/)
    const script = await api.call({ url: '/docs/js/scalar.js', key: null })
    expect([script.statusCode, script.headers['content-type']]).toEqual([
      200,
      'application/javascript; charset=utf-8',
    ])
  })

  test('of the errors have a place for every code that a problem’s type points to', async () => {
    const page = await api.call({ url: '/docs/errors', key: null })
    for (const code of Object.keys(ERRORS)) expect(page.body).toContain(`id="${code}"`)
    const problem = (await api.call({ url: '/nowhere', key: null })).json()
    expect(problem.type).toBe('/docs/errors#NOT_FOUND')
  })
})
