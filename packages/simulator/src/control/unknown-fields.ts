import type { FastifyInstance } from 'fastify'
import type { World } from '../world.ts'

type Json = null | boolean | number | string | Json[] | { [member: string]: Json }

/** No contract has this name: "a new field of the next version". */
export const UNKNOWN_FIELD = 'nowePoleNastepnejWersji'

function withUnknownFields(value: Json): Json {
  if (Array.isArray(value)) return value.map(withUnknownFields)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, withUnknownFields(member)])
  return { ...Object.fromEntries(members), [UNKNOWN_FIELD]: { wersja: 9, opis: null } }
}

/** Adds members that no client can know, once the contract has been checked (misbehaviour `unknown-fields`). */
export function addUnknownFields(app: FastifyInstance, world: World): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isJson = String(reply.getHeader('content-type')).includes('json')
    if (!isJson || typeof payload !== 'string' || !request.url.startsWith('/v2/')) return payload
    if (world.misbehaviours.strike('unknown-fields') === undefined) return payload
    const grown = JSON.stringify(withUnknownFields(JSON.parse(payload)))
    reply.removeHeader('content-length')
    return grown
  })
}
