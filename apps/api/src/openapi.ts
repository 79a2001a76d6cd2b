/**
 * The OpenAPI 3.1 document, made from the same zod schemas that parse requests, and its pages: `/openapi.json`, Scalar
 * at `/docs`, the error codes at `/docs/errors`. All scripts come from this server.
 */
import swagger from '@fastify/swagger'
import { ERRORS } from '@ksef-fleet/core'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { describeBodies } from './openapi-bodies.ts'
import { tidyComponents } from './openapi-components.ts'
import { describeWebhooks } from './openapi-webhooks.ts'

const DESCRIPTION = `Sends invoices to KSeF, exactly once each, and keeps what came of them.

Every request carries \`Authorization: Bearer <API key>\`. A failure is a problem document (RFC 9457) whose \`code\` is
stable; [the codes](/docs/errors) say who must act and whether trying again helps. Lists are followed by \`nextCursor\`.`

/** Scalar starts from an inline script and inline styles; it loads and sends nothing beyond this server. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Collects the routes that are registered after it. */
export async function describeRoutes(app: FastifyInstance, publicUrl: string | null): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'KSeF Fleet',
        version: '0.1.0',
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: publicUrl ?? '/' }],
      tags: [
        { name: 'companies', description: 'Who the provider serves.' },
        { name: 'integrations', description: 'How a company signs in to KSeF.' },
        {
          name: 'credentials',
          description: 'What signs in: certificates and tokens, without their secrets.',
        },
        { name: 'invoices', description: 'What is sent, and what KSeF said.' },
        { name: 'papers', description: 'Invoices and receipts for people: PDF, HTML, QR codes.' },
        { name: 'batches', description: 'Many invoices handed over at once.' },
        { name: 'events', description: 'What happened, in one order, as a list and as a stream.' },
        { name: 'webhooks', description: 'Where events are posted to as they happen.' },
        { name: 'api-keys', description: 'Who may call.' },
        { name: 'audit', description: 'Who did what.' },
        { name: 'operations', description: 'For those who run the fleet.' },
      ],
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'kfp_… or kfc_…' } },
      },
      security: [{ apiKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) =>
      describeWebhooks(tidyComponents(describeBodies(jsonSchemaTransformObject(document)))),
  })
}

export async function serveDocumentation(app: FastifyInstance): Promise<void> {
  const hide = { schema: { hide: true } }
  app.get('/openapi.json', hide, async () => app.swagger())
  await app.register(async (docs) => {
    docs.addHook('onSend', async (_, reply) => {
      reply.header('content-security-policy', DOCS_POLICY).header('cache-control', 'public, max-age=600')
    })
    await docs.register(scalar, {
      routePrefix: '/docs',
      configuration: {
        url: '/openapi.json',
        pageTitle: 'KSeF Fleet API',
        withDefaultFonts: false,
        telemetry: false,
        agent: { disabled: true },
        showDeveloperTools: 'never',
      },
    })
    docs.get('/docs/errors', hide, async (_, reply) =>
      reply.type('text/html; charset=utf-8').send(ERROR_PAGE),
    )
  })
}

const ERROR_PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>KSeF Fleet: error codes</title>
<body style="font:16px/1.5 system-ui;max-width:46em;margin:2em auto;padding:0 1em"><h1>Error codes</h1>
${Object.entries(ERRORS)
  .map(
    ([code, row]) =>
      `<section id="${code}"><h2>${code}</h2><p>${escaped(row.means)}</p><p>${escaped(row.help)}</p>` +
      `<p>HTTP status ${row.httpStatus ?? 'none: reason of a submission or an integration'}. ` +
      `To act: ${row.blame}. Again: ${row.retry}.</p></section>`,
  )
  .join('\n')}
</body></html>`

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
