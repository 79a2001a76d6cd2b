import type { FastifyInstance } from 'fastify'
import { object } from '../request-schemas.ts'
import type { Status } from '../stores/authentications.ts'
import type { World } from '../world.ts'

/**
 * Outcomes that no request can bring about by itself (internal errors, cancellations, suspended certificates): armed
 * here, they become the outcome of the next asynchronous operations of their kind.
 */
export const OUTCOME_KINDS = [
  'authentication',
  'permissionOperation',
  'certificateEnrollment',
  'ksefToken',
] as const
export type OutcomeKind = (typeof OUTCOME_KINDS)[number]

export type ForcedOutcome = {
  kind: OutcomeKind
  /** Status code of the operation; for `ksefToken` any code means that the token becomes Failed. */
  code: number
  /** In the words of the OpenAPI unless given. */
  description?: string
  details?: string[]
  /** How many operations it befalls; 1 by default. */
  times?: number
}

export type Outcomes = {
  force(outcome: ForcedOutcome): void
  /** The armed outcome for the next operation of this kind, counted as used. */
  take(kind: OutcomeKind): Status | undefined
  clear(): void
  /** Text of `X-System-Warning` on every answer until it is set to undefined. */
  systemWarning: string | undefined
}

const CANCELLED = 'Operacja została anulowana przez system'
const REJECTED_SIGN_IN = 'Uwierzytelnianie zakończone niepowodzeniem'
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'authentication 400': REJECTED_SIGN_IN,
  'authentication 415': REJECTED_SIGN_IN,
  'authentication 425': 'Uwierzytelnienie unieważnione',
  'authentication 450': `${REJECTED_SIGN_IN} z powodu błędnego tokenu`,
  'authentication 460': `${REJECTED_SIGN_IN} z powodu błędu certyfikatu`,
  'authentication 470': REJECTED_SIGN_IN,
  'authentication 480': 'Uwierzytelnienie zablokowane',
  'permissionOperation 400': 'Operacja zakończona niepowodzeniem',
  'permissionOperation 410': 'Podane identyfikatory są niezgodne lub pozostają w niewłaściwej relacji',
  'permissionOperation 420': 'Użyte poświadczenia nie mają uprawnień do wykonania tej operacji',
  'permissionOperation 430': 'Kontekst identyfikatora nie odpowiada wymaganej roli lub uprawnieniom',
  'permissionOperation 440': 'Operacja niedozwolona dla wskazanych powiązań identyfikatorów',
  'permissionOperation 450': 'Operacja niedozwolona dla wskazanego identyfikatora lub jego typu',
  'certificateEnrollment 400': 'Wniosek odrzucony',
}

/** The words of the OpenAPI for a status of an asynchronous operation. */
export function describeOutcome(kind: OutcomeKind, code: number): string {
  if (code === 550) return CANCELLED
  return DESCRIPTIONS[`${kind} ${code}`] ?? 'Nieznany błąd'
}

export function createOutcomes(): Outcomes {
  const armed: (ForcedOutcome & { times: number })[] = []
  return {
    systemWarning: undefined,
    force: (outcome) => void armed.push({ ...outcome, times: outcome.times ?? 1 }),
    take: (kind) => {
      const found = armed.find((one) => one.kind === kind && one.times > 0)
      if (found === undefined) return undefined
      found.times -= 1
      const { code, details, description = describeOutcome(kind, code) } = found
      return { code, description, ...(details === undefined ? {} : { details }) }
    },
    clear: () => void armed.splice(0),
  }
}

const outcomeBody = object(['kind', 'code'], {
  kind: { type: 'string', enum: OUTCOME_KINDS },
  code: { type: 'integer', minimum: 400, maximum: 599 },
  description: { type: 'string', minLength: 1 },
  details: { type: 'array', items: { type: 'string' } },
  times: { type: 'integer', minimum: 1 },
})
const warningBody = object(['warning'], { warning: { type: 'string', nullable: true } })

/** Part of the control plane: `POST|DELETE /_simulator/outcomes` and `PUT /_simulator/system-warning`. */
export function forcedOutcomes(control: FastifyInstance, world: World): void {
  control.post<{ Body: ForcedOutcome }>('/outcomes', { schema: { body: outcomeBody } }, (request, reply) => {
    world.outcomes.force(request.body)
    return reply.code(201).send(request.body)
  })
  control.delete('/outcomes', (_request, reply) => {
    world.outcomes.clear()
    return reply.code(204).send()
  })
  type Warning = { warning: string | null }
  control.put<{ Body: Warning }>('/system-warning', { schema: { body: warningBody } }, (request, reply) => {
    world.outcomes.systemWarning = request.body.warning ?? undefined
    return reply.code(204).send()
  })
}
