import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from './clock.ts'
import { DESCRIPTIONS, Forbidden, Gone, KsefRefusal, TooManyRequests, Unauthorized } from './refusal.ts'

type Problem = { status: number; title: string; detail: string; [member: string]: unknown }

const traceId = (): string => randomBytes(16).toString('hex')

const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply.code(problem.status).type('application/problem+json').send(problem)

function sendRefusal(reply: FastifyReply, refusal: KsefRefusal, occurrence: Occurrence): FastifyReply {
  const description = DESCRIPTIONS[refusal.code]
  const details = [...refusal.details]
  if (occurrence.asProblem) {
    return sendProblem(reply, {
      title: 'Bad Request',
      status: 400,
      instance: occurrence.instance,
      detail: 'Żądanie jest nieprawidłowe.',
      errors: [{ code: refusal.code, description, details }],
      timestamp: occurrence.timestamp,
      traceId: traceId(),
    })
  }
  return reply.code(400).send({
    exception: {
      exceptionDetailList: [{ exceptionCode: refusal.code, exceptionDescription: description, details }],
      referenceNumber: randomUUID(),
      serviceCode: `00-${traceId()}-${randomBytes(8).toString('hex')}-00`,
      serviceCtx: 'simulator',
      serviceName: 'Undefined',
      timestamp: occurrence.timestamp,
    },
  })
}

type Occurrence = { asProblem: boolean; instance: string; timestamp: string }

function sendDenial(reply: FastifyReply, error: Unauthorized | Forbidden, at: Occurrence): FastifyReply {
  const common = { detail: error.message, instance: at.instance, traceId: traceId(), timestamp: at.timestamp }
  if (error instanceof Forbidden) {
    const { reasonCode, security } = error
    return sendProblem(reply, { title: 'Forbidden', status: 403, reasonCode, security, ...common })
  }
  return sendProblem(reply, { title: 'Unauthorized', status: 401, ...common })
}

function sendTooMany(reply: FastifyReply, error: TooManyRequests, at: Occurrence): FastifyReply {
  reply.header('retry-after', error.retryAfterSeconds)
  const { asProblem, ...common } = at
  const title = 'Too Many Requests'
  if (asProblem)
    return sendProblem(reply, { title, status: 429, detail: error.message, traceId: traceId(), ...common })
  return reply.code(429).send({ status: { code: 429, description: title, details: [error.message] } })
}

function sendGone(reply: FastifyReply, error: Gone, { instance, timestamp }: Occurrence): FastifyReply {
  const detail = error.message
  return sendProblem(reply, { title: 'Gone', status: 410, instance, detail, timestamp, traceId: traceId() })
}

function refusalFromFramework(error: FastifyError): KsefRefusal {
  const findings = error.validation?.map((finding) => `${finding.instancePath || '/'} ${finding.message}`)
  return new KsefRefusal(21405, ...(findings ?? [error.message]))
}

/**
 * Turns everything thrown in a route into KSeF's two error formats: ExceptionResponse by default,
 * problem details when the caller sends `X-Error-Format: problem-details`; 401 and 403 always as problems.
 */
export function speakProblems(app: FastifyInstance, clock: Clock): void {
  app.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const occurrence: Occurrence = {
      asProblem: request.headers['x-error-format'] === 'problem-details',
      instance: request.url,
      timestamp: clock.now().toISOString(),
    }
    if (error instanceof KsefRefusal) return sendRefusal(reply, error, occurrence)
    if (error instanceof TooManyRequests) return sendTooMany(reply, error, occurrence)
    if (error instanceof Gone) return sendGone(reply, error, occurrence)
    if (error instanceof Unauthorized || error instanceof Forbidden) {
      return sendDenial(reply, error, occurrence)
    }
    if (error.statusCode !== undefined && error.statusCode < 500 && error.statusCode !== 415) {
      return sendRefusal(reply, refusalFromFramework(error), occurrence)
    }
    request.log.error(error)
    const status = error.statusCode ?? 500
    return sendProblem(reply, { title: error.name, status, detail: error.message, instance: request.url })
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, {
      title: 'Not Found',
      status: 404,
      detail: `No such path: ${request.method} ${request.url}`,
    }),
  )
}
