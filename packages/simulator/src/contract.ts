import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import ajvFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import { AMENDMENTS } from './contract-amendments.ts'
import { operationOf } from './operation.ts'

/**
 * Holds the simulator to the official OpenAPI file: every JSON answer must fit the schema its operation declares
 * for its status, and may have no member that the contract does not know. A misfit becomes an HTTP 500 that says
 * what is wrong, so no test can pass over it.
 */
type Json = null | boolean | number | string | Json[] | { [member: string]: Json }
type JsonObject = { [member: string]: Json }

export type Contract = {
  /** `METHOD /path` of every operation. */
  operations: string[]
  /** What is wrong with this answer; empty when it fits. */
  check(operation: string, answer: Answer): string[]
}
export type Answer = { httpStatus: number; contentType: string; body: string }

const METHODS = ['get', 'post', 'put', 'delete']
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const member = (value: Json | undefined, ...path: string[]): Json | undefined =>
  path.reduce<Json | undefined>((found, name) => (isObject(found) ? found[name] : undefined), value)

/** OpenAPI 3.0 schema to JSON Schema: `nullable` becomes an alternative, objects with members become closed. */
function toJsonSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(toJsonSchema)
  if (!isObject(schema)) return schema
  const { nullable, example, deprecated, readOnly, ...rest } = schema
  const converted: JsonObject = {}
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith('x-') || name === 'description' || name === 'discriminator') continue
    converted[name] = name === 'properties' ? convertProperties(value) : toJsonSchema(value)
  }
  if (isObject(converted['properties'])) converted['additionalProperties'] ??= false
  return nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted
}

const convertProperties = (properties: Json): Json =>
  isObject(properties)
    ? Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, toJsonSchema(schema)]))
    : properties

function misfitsOf(validator: ValidateFunction, answer: Json): string[] {
  if (validator(answer)) return []
  return (validator.errors ?? []).map(
    (one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`,
  )
}

/** By the text of the file: what was compiled for one simulator holds for the next one in this process. */
const contracts = new Map<string, Contract>()

export function readContract(file: string): Contract {
  const text = readFileSync(file, 'utf8')
  const contract = contracts.get(text) ?? contractIn(text)
  contracts.set(text, contract)
  return contract
}

function contractIn(text: string): Contract {
  const openApi: JsonObject = JSON.parse(text)
  for (const { schema, member: name, as } of AMENDMENTS) {
    const properties = member(openApi, 'components', 'schemas', schema, 'properties')
    if (isObject(properties)) properties[name] ??= as
  }
  const paths = isObject(openApi['paths']) ? openApi['paths'] : {}
  const ajv = new Ajv({ strict: false, allErrors: true })
  ajvFormats.default(ajv)
  ajv.addSchema({
    $id: 'contract',
    components: { schemas: convertProperties(member(openApi, 'components', 'schemas') ?? {}) },
  })
  const validators = new Map<string, ValidateFunction>()
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(isObject(item) ? item : {})
      .filter((method) => METHODS.includes(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  )

  const validatorOf = (key: string, schema: Json): ValidateFunction => {
    const absolute = JSON.parse(
      JSON.stringify(toJsonSchema(schema)).replaceAll('"#/components', '"contract#/components'),
    )
    const validator = validators.get(key) ?? ajv.compile(absolute)
    validators.set(key, validator)
    return validator
  }

  const check = (operation: string, { httpStatus, contentType, body }: Answer): string[] => {
    const [method = '', path = ''] = operation.split(' ')
    const response = member(paths, path, method.toLowerCase(), 'responses', String(httpStatus))
    if (response === undefined) return [`${operation} does not declare the status ${httpStatus}`]
    const media = contentType.split(';', 1)[0] ?? ''
    const content = member(response, 'content')
    if (content === undefined) return body === '' ? [] : [`${operation} ${httpStatus} declares no body`]
    const schema = member(content, media, 'schema')
    if (schema === undefined)
      return [`${operation} ${httpStatus} does not declare ${media || 'an empty body'}`]
    const validator = validatorOf(`${operation} ${httpStatus} ${media}`, schema)
    return media.endsWith('json') ? misfitsOf(validator, JSON.parse(body)) : []
  }
  return { operations, check }
}

/** Checks every answer of the API; 501 and answers that a fault made up are none of the contract's. */
export function enforceContract(app: FastifyInstance, contract: Contract): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const operation = operationOf(request)
    const exempt = reply.statusCode === 501 || request.ksefFault?.mode === 'status'
    if (operation === undefined || operation.includes(' /storage/') || exempt) return payload
    const contentType = String(reply.getHeader('content-type') ?? '')
    const body = payload === null || payload === undefined ? '' : String(payload)
    const misfits = contract.check(operation, { httpStatus: reply.statusCode, contentType, body })
    if (misfits.length === 0) return payload
    reply.code(500).type('application/problem+json').removeHeader('content-length')
    return JSON.stringify({
      title: 'The simulator broke the contract',
      status: 500,
      operation,
      misfits,
      answer: body,
    })
  })
}
