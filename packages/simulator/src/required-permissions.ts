import type { FastifyInstance } from 'fastify'
import { admit } from './gate.ts'
import { operationOf } from './operation.ts'
import type { World } from './world.ts'

/**
 * Which rights an operation asks for, any one of a list sufficing (OpenAPI, `x-required-permissions`). Asked before
 * the body is looked at, so that nobody learns from a stranger's context what a right would have been refused for.
 */
const SENDING = ['InvoiceWrite', 'PefInvoiceWrite', 'EnforcementOperations']
const SESSIONS = ['InvoiceWrite', 'Introspection', 'PefInvoiceWrite', 'EnforcementOperations']
const BATCH = ['InvoiceWrite', 'EnforcementOperations']
const READING = ['InvoiceRead']
const MANAGING = ['CredentialsManage']
const LOOKING = ['CredentialsManage', 'CredentialsRead']

export const REQUIRED_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'POST /sessions/online': SENDING,
  'POST /sessions/online/{referenceNumber}/invoices': SENDING,
  'POST /sessions/online/{referenceNumber}/close': SENDING,
  'POST /sessions/batch': BATCH,
  'POST /sessions/batch/{referenceNumber}/close': BATCH,
  'GET /sessions': ['InvoiceWrite', 'Introspection', 'EnforcementOperations'],
  'GET /sessions/{referenceNumber}': SESSIONS,
  'GET /sessions/{referenceNumber}/invoices': SESSIONS,
  'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}': SESSIONS,
  'GET /sessions/{referenceNumber}/invoices/failed': SESSIONS,
  'GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo': SESSIONS,
  'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo': SESSIONS,
  'GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}': SESSIONS,
  'GET /invoices/ksef/{ksefNumber}': READING,
  'POST /invoices/query/metadata': READING,
  'POST /invoices/exports': READING,
  'GET /invoices/exports/{referenceNumber}': READING,
  'POST /permissions/persons/grants': MANAGING,
  'POST /permissions/entities/grants': MANAGING,
  'DELETE /permissions/common/grants/{permissionId}': ['CredentialsManage', 'VatUeManage', 'SubunitManage'],
  'GET /permissions/attachments/status': LOOKING,
  'POST /permissions/query/persons/grants': ['CredentialsManage', 'CredentialsRead', 'SubunitManage'],
  'POST /permissions/query/entities/grants': LOOKING,
  'GET /permissions/query/entities/roles': LOOKING,
}

/** Refuses with 403 `missing-permissions`, naming what is required and what the token has. */
export function requirePermissions(api: FastifyInstance, world: World): void {
  api.addHook('onRequest', async (request) => {
    const anyOf = REQUIRED_PERMISSIONS[operationOf(request) ?? '']
    if (anyOf !== undefined) await admit(world, request, { anyOf })
  })
}
