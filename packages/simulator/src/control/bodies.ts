import { DELAY_KINDS } from '../processing-delays.ts'
import { DESCRIPTIONS } from '../refusal.ts'
import { identifier, object } from '../request-schemas.ts'
import { PACKAGE_FAULTS } from '../retrieval/spoiled-package.ts'
import { FAULT_MODES } from './faults.ts'
import { LIGHTHOUSE_STATUSES } from './lighthouse.ts'
import { MISBEHAVIOUR_MEMBERS } from './misbehaviours.ts'

/** Bodies of the control plane: closed, so that a misspelt member is refused instead of doing nothing. */
type Members = Parameters<typeof object>[1]
const closed = (required: readonly string[], properties: Members) => ({
  ...object(required, properties),
  additionalProperties: false,
})

const ms = { type: 'integer', minimum: 0 }
const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: text }
const count = { type: 'integer', minimum: 1 }
const statusCode = { type: 'integer', minimum: 100, maximum: 999 }
const countable = {
  times: count,
  skip: { type: 'integer', minimum: 0 },
  probability: { type: 'number', minimum: 0, maximum: 1 },
}

export const fault = closed(['operation', 'mode'], {
  ...countable,
  operation: { type: 'string', pattern: '^(\\*$|(GET|POST|PUT|DELETE) /)' },
  mode: { type: 'string', enum: FAULT_MODES },
  afterEffect: { type: 'boolean' },
  httpStatus: { type: 'integer', minimum: 200, maximum: 599 },
  body: {},
  headers: { type: 'object', additionalProperties: { type: 'string' } },
  code: { type: 'integer', enum: Object.keys(DESCRIPTIONS).map(Number) },
  ms,
})

export const misbehaviour = closed(['kind'], {
  ...countable,
  kind: { type: 'string', enum: Object.keys(MISBEHAVIOUR_MEMBERS) },
  code: statusCode,
  description: text,
  details: texts,
  extensions: { type: 'object', additionalProperties: { type: 'string' } },
  forMs: ms,
  invoices: ms,
  invoiceHash: text,
  fault: { type: 'string', enum: PACKAGE_FAULTS },
})

export const clock = { ...closed([], { offsetMs: { type: 'integer' }, advanceMs: ms }), minProperties: 1 }
export const delays = closed([], Object.fromEntries(DELAY_KINDS.map((kind) => [kind, ms])))
export const lag = closed(['ms'], { ms })
export const rotation = closed(['mode'], { mode: { type: 'string', enum: ['planned', 'emergency'] } })

export const revocation = {
  oneOf: [
    closed(['tokenReferenceNumber'], { tokenReferenceNumber: text }),
    closed(['authenticationReferenceNumber'], { authenticationReferenceNumber: text }),
    closed(['context', 'subject'], {
      context: identifier(['Nip', 'InternalId', 'NipVatUe', 'PeppolId']),
      subject: identifier(['Nip', 'Pesel', 'Fingerprint']),
    }),
  ],
}

export const imposed = closed(['code'], { code: statusCode, description: text, details: texts })

const moment = { type: 'string', format: 'date-time' }
export const lighthouse = closed(['status'], {
  status: { type: 'string', enum: LIGHTHOUSE_STATUSES },
  messages: {
    type: 'array',
    items: closed(['id', 'eventId', 'category', 'type', 'title', 'text', 'start', 'version', 'published'], {
      id: text,
      eventId: { type: 'integer' },
      category: { type: 'string', enum: ['FAILURE', 'TOTAL_FAILURE', 'MAINTENANCE'] },
      type: { type: 'string', enum: ['FAILURE_START', 'FAILURE_END', 'MAINTENANCE_ANNOUNCEMENT'] },
      title: text,
      text,
      start: moment,
      end: moment,
      version: { type: 'integer' },
      published: moment,
    }),
  },
})
