import type { FastifyInstance } from 'fastify'
import type { World } from '../world.ts'

/** Official tag "Certyfikaty klucza publicznego" (klucze-publiczne-do-szyfrowania.md). */
export function publicKeyCertificates(app: FastifyInstance, world: World): void {
  app.get('/security/public-key-certificates', () =>
    world.keys.published().map((key) => ({
      certificate: key.certificate.toString('base64'),
      certificateId: key.certificateId,
      publicKeyId: key.publicKeyId,
      validFrom: key.validFrom.toISOString(),
      validTo: key.validTo.toISOString(),
      usage: [key.usage],
    })),
  )
}
