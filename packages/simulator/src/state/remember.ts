import type { FastifyInstance } from 'fastify'
import type { World } from '../world.ts'

/**
 * Keeps what a request changed before its answer leaves. Reading changes nothing, unless a verdict fell meanwhile:
 * then the reader could learn of it, so it is kept too.
 */
export function remember(app: FastifyInstance, world: World): void {
  const { memory } = world
  let decisionsKept = memory.state.ledger.decisions.length
  app.addHook('onSend', async (request, _reply, payload) => {
    const decisions = memory.state.ledger.decisions.length
    if (request.method !== 'GET' || decisions !== decisionsKept) {
      decisionsKept = decisions
      await memory.commit()
    }
    return payload
  })
}
