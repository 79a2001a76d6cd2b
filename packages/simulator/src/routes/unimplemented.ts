import type { FastifyInstance } from 'fastify'

/**
 * Operations of the official API that this simulator does not speak yet. They answer 501 and name themselves, so
 * that nobody mistakes a missing storey for a wrong request. A test holds this list against the official contract.
 */
export const UNIMPLEMENTED: readonly string[] = [
  'POST /collective-identifiers',
  'POST /collective-identifiers/query',
  'GET /collective-identifiers/{collectiveIdentifierNumber}/invoices',
  'GET /collective-identifiers/ksef/{ksefNumber}',
  'POST /permissions/authorizations/grants',
  'POST /permissions/indirect/grants',
  'POST /permissions/subunits/grants',
  'POST /permissions/eu-entities/administration/grants',
  'POST /permissions/eu-entities/grants',
  'DELETE /permissions/authorizations/grants/{permissionId}',
  'GET /peppol/query',
  'POST /permissions/query/subunits/grants',
  'POST /permissions/query/subordinate-entities/roles',
  'POST /permissions/query/authorizations/grants',
  'POST /permissions/query/eu-entities/grants',
]

export function unimplemented(app: FastifyInstance): void {
  for (const operation of UNIMPLEMENTED) {
    const [method = '', path = ''] = operation.split(' ')
    app.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) =>
        reply
          .code(501)
          .type('application/problem+json')
          .send({
            title: 'Not Implemented',
            status: 501,
            detail: `The simulator does not speak ${operation} yet.`,
            instance: request.url,
            operation,
          }),
    })
  }
}
