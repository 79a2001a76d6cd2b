/** Whatever was thrown while a request was served, as one of the closed table's errors. Pure. */
import { DatabaseFailure, type ErrorCode, type Fault, FleetError } from '@ksef-fleet/core'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

/** Fastify's own errors, by code (Fastify reference, "Errors"). */
const OF_FASTIFY: Record<string, ErrorCode> = {
  FST_ERR_BAD_URL: 'NOT_FOUND',
  FST_ERR_NOT_FOUND: 'NOT_FOUND',
  FST_ERR_MAX_PARAM_LENGTH: 'NOT_FOUND',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_CTP_INVALID_JSON_BODY: 'REQUEST_INVALID',
  // The handler may still commit, which is what this code tells the caller to reckon with.
  FST_ERR_HANDLER_TIMEOUT: 'DATABASE_UNAVAILABLE',
}

const DETAIL: Record<string, string> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body does not have the length its header names.',
}

/** The error to answer with; INTERNAL for what nobody expected. */
export function failureOf(thrown: unknown): FleetError {
  if (thrown instanceof FleetError) return thrown
  if (thrown instanceof DatabaseFailure) {
    return new FleetError(thrown.kind === 'unavailable' ? 'DATABASE_UNAVAILABLE' : 'INTERNAL')
  }
  if (hasZodFastifySchemaValidationErrors(thrown)) return invalidRequest(thrown)
  if (!(thrown instanceof Error)) return new FleetError('INTERNAL')
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const known = OF_FASTIFY[code] ?? byStatus(thrown)
  const detail = DETAIL[code]
  return new FleetError(known, detail === undefined ? {} : { detail })
}

/** Plugins answer with a bare status. */
function byStatus(thrown: Error): ErrorCode {
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined
  if (status === 401) return 'UNAUTHENTICATED'
  if (status === 404) return 'NOT_FOUND'
  if (typeof status === 'number' && status >= 400 && status < 500) return 'REQUEST_INVALID'
  return 'INTERNAL'
}

type Invalid = { validationContext?: string | undefined; validation: readonly Place[] }
type Place = {
  keyword: string
  instancePath: string
  message?: string | undefined
  params: Record<string, unknown>
}

/** A malformed id in the path names nothing, so it is not found; the rest is told place by place. */
function invalidRequest({ validationContext, validation }: Invalid): FleetError {
  if (validationContext === 'params') return new FleetError('NOT_FOUND')
  const faults = validation.flatMap(faultsAt).map((fault) => ({
    ...fault,
    pointer: validationContext === 'body' ? fault.pointer : fault.pointer.replace(/^\//, ''),
  }))
  return new FleetError('REQUEST_INVALID', { faults })
}

function faultsAt(place: Place): (Fault & { pointer: string })[] {
  const pointer = place.instancePath === '/' ? '' : place.instancePath
  const { keys } = place.params
  if (place.keyword === 'unrecognized_keys' && Array.isArray(keys)) {
    return keys.map((key) => ({
      code: 'FIELD_UNKNOWN',
      message: 'This field is not part of the request.',
      pointer: `${pointer}/${escapePointer(String(key).slice(0, 100))}`,
    }))
  }
  return [{ code: place.keyword.toUpperCase(), message: place.message ?? 'is not as documented', pointer }]
}

/** RFC 6901 section 3. */
const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
