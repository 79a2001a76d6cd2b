import { type KsefTokenMetadata, TOKEN_PERMISSIONS, type TokenPermission } from '@ksef-fleet/ksef'
import type { ContextKsef } from '../context/context-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { KSEF_SCOPES } from '../integrations/integration.ts'
import { enterByCertificate } from './helping-certificate.ts'
import {
  activeOf,
  nameAtKsef,
  type RotationTask,
  refused,
  type StepOutcome,
  waiting,
} from './rotation-task.ts'

/**
 * Has KSeF make a token (tokeny-ksef.md), with a certificate that opens the token's context. KSeF tells its value once, in
 * the answer: when that never came, or this worker died before the value was stored, the token is of no use to anybody. It
 * is found in KSeF's list by its description and revoked before another is made.
 */
export async function makeToken(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const at = task.credential.context
  if (at === null) throw new Error(`token ${task.credential.id} without its context`)
  const entered = await enterByCertificate(context, task, at)
  if (!entered.ok) return entered.outcome
  return task.version.secretVersion === null
    ? generate(context, task, entered.entry)
    : awaitActive(task, entered.entry)
}

async function generate(
  context: DeliveryContext,
  task: RotationTask,
  entry: ContextKsef,
): Promise<StepOutcome> {
  const stray = await revokeStrayTokens(task, entry)
  if (stray !== null) return stray
  const permissions = await wantedPermissions(context, task, entry)
  const description = nameAtKsef(task.version)
  const made = await entry.call((ksef, access) => ksef.tokens.generate(access, { permissions, description }))
  if (!made.ok) return refused(made.failure)
  const { referenceNumber, token } = made.value
  const secret = { kind: 'token' as const, token }
  const secretVersion = await context.secrets.storeSecret(task.credential, {
    number: task.version.number,
    secret,
    stage: 'pending',
  })
  return { kind: 'progress', set: { secretVersion, referenceNumber } }
}

/** A token signs in only once KSeF has activated it. */
async function awaitActive({ version }: RotationTask, entry: ContextKsef): Promise<StepOutcome> {
  const { referenceNumber } = version
  if (referenceNumber === null) throw new Error('a generated token was stored without its reference number')
  const asked = await entry.call((ksef, access) => ksef.tokens.status(access, referenceNumber))
  if (!asked.ok) return refused(asked.failure)
  const { status, statusDetails } = asked.value
  if (status === 'Pending') return waiting
  if (status === 'Active') return { kind: 'moved', to: 'staged', says: { outcome: 'ok', referenceNumber } }
  return {
    kind: 'impossible',
    code: 'ROTATION_REFUSED',
    description: [`KSeF calls the token ${status}`, ...statusDetails].join('; '),
  }
}

/**
 * Revokes every token made for this version. Null when none is left.
 */
export async function revokeStrayTokens(
  { version }: RotationTask,
  entry: ContextKsef,
): Promise<StepOutcome | null> {
  const description = nameAtKsef(version)
  const listed = await entry.call((ksef, access) => ksef.tokens.list(access, { description }))
  if (!listed.ok) return refused(listed.failure)
  for (const token of listed.value.filter((one) => one.description === description && isAlive(one))) {
    const { referenceNumber } = token
    const revoked = await entry.call((ksef, access) => ksef.tokens.revoke(access, referenceNumber))
    if (!revoked.ok) return refused(revoked.failure)
  }
  return null
}

const isAlive = ({ status }: KsefTokenMetadata): boolean => status === 'Active' || status === 'Pending'

/** The successor may do what the token before it could: its owner chose that once, and a rotation changes no rights. */
async function wantedPermissions(
  context: DeliveryContext,
  task: RotationTask,
  entry: ContextKsef,
): Promise<TokenPermission[]> {
  const reference = activeOf(task)?.referenceNumber ?? null
  const before =
    reference === null ? null : await entry.call((ksef, access) => ksef.tokens.status(access, reference))
  const held = before?.ok ? before.value.requestedPermissions : await integrationScopes(context, task)
  const known = TOKEN_PERMISSIONS.filter((permission) => held.includes(permission))
  return known.length > 0 ? known : [...KSEF_SCOPES]
}

async function integrationScopes(
  { db, environment }: DeliveryContext,
  { credential }: RotationTask,
): Promise<readonly string[]> {
  if (credential.companyId === null) return KSEF_SCOPES
  const integration = await db.readCompany(credential.companyId, (reads) =>
    reads.integrations.current(environment),
  )
  return integration?.scopes ?? KSEF_SCOPES
}
