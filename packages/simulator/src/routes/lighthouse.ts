import type { FastifyInstance } from 'fastify'
import type { World } from '../world.ts'

/**
 * The lighthouse, which has a host of its own (`api-latarnia….ksef.mf.gov.pl`): `/status` and `/messages` from the
 * root, without signing in. No page on any other origin may read it from a browser: it sends no CORS headers.
 */
export function lighthousePages(app: FastifyInstance, world: World): void {
  app.get('/status', () => world.lighthouse.status())
  app.get('/messages', () => world.lighthouse.messages())
}
