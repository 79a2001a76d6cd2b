/** From a company to the integration and the credential by which its context opens now, or why it does not. */

import type { LimitStanding } from '../budget/rate-budget.ts'
import { standingOf } from '../budget/read-standing.ts'
import type { UsableCredential } from '../credentials/credential.ts'
import { ERRORS, type ErrorCode, FleetError } from '../errors.ts'
import type { CredentialId, KsefEnvironment } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import type { CompanyReads } from '../stores.ts'
import { type CredentialChoice, chooseCredential, whyNone } from './choose-credential.ts'

/** The version of a credential a session was opened under. */
export type NamedVersion = { credentialId: CredentialId; number: number }

export type ResolvedContext = {
  integration: Integration
  credential: UsableCredential
  limits: LimitStanding
}

/**
 * Reads the way into a company's context.
 *
 * @param version that of a session which is to be finished: taken while it still signs in, whatever is active now, and even
 *   after the integration was revoked, since what was sent must come to its end
 * @throws FleetError INTEGRATION_MISSING, INTEGRATION_PENDING, INTEGRATION_REVOKED, INTEGRATION_FAILED or the integration's
 *   own failure, KSEF_RATE_LIMITED while KSeF asked for silence, and why no credential signs in
 */
export async function resolveContext(
  reads: CompanyReads,
  { environment, now, version }: { environment: KsefEnvironment; now: Date; version: NamedVersion | null },
): Promise<ResolvedContext> {
  const way = await reads.wayIn(environment)
  const opened = version === null ? null : await versionOf(reads, version, way?.usable ?? [])
  const current = way?.integration ?? null
  const integration = current ?? (await lastRevoked(reads, environment))
  if (integration === null) throw new FleetError('INTEGRATION_MISSING')
  if (current === null && opened === null) throw new FleetError('INTEGRATION_REVOKED')
  // A credential that was revoked fails the integration it served, and still finishes what was sent under it.
  if (current !== null && opened?.state !== 'ending') assertActive(current)
  assertNotSilenced(integration, now)
  const credential = opened ?? chosenOf(chooseCredential(way?.usable ?? [], integration, now))
  const known = way?.limits ?? (await reads.limits.get(integration.id))
  return { integration, credential, limits: standingOf(known, integration) }
}

/** In these states a version signs in: the active one, and the one before it for what was opened under it. */
const SIGNS_IN: ReadonlySet<string> = new Set(['active', 'retiring'])

/** Mostly it is one of those that are active now, and is read with them. */
async function versionOf(
  { credentials }: CompanyReads,
  named: NamedVersion,
  usable: readonly UsableCredential[],
): Promise<UsableCredential | null> {
  const { credentialId, number } = named
  const known = usable.find(({ id, version }) => id === credentialId && version.number === number)
  const found = known ?? (await readVersion(credentials, named))
  if (found === null || found.state === 'ended') return null
  const { state, failure } = found.version
  return SIGNS_IN.has(state) && failure?.code !== 'CREDENTIAL_REFUSED' ? found : null
}

async function readVersion(
  credentials: CompanyReads['credentials'],
  { credentialId, number }: NamedVersion,
): Promise<UsableCredential | null> {
  const credential = await credentials.get(credentialId)
  const version = await credentials.version(credentialId, number)
  return credential === null || version === null ? null : { ...credential, version }
}

async function lastRevoked(reads: CompanyReads, environment: KsefEnvironment): Promise<Integration | null> {
  const all = (await reads.integrations.list()).filter((one) => one.environment === environment)
  return all.toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime())[0] ?? null
}

function assertActive({ state, failure }: Integration): void {
  const said = failure?.description === undefined ? {} : { detail: failure.description }
  if (state === 'pending')
    throw new FleetError('INTEGRATION_PENDING', failure === null ? {} : { detail: `waits: ${failure.code}` })
  if (state === 'failed') throw new FleetError(codeOf(failure?.code), said)
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

/** A newer process may have stored a code that this one does not know. */
const codeOf = (code: string | undefined): ErrorCode =>
  code !== undefined && isErrorCode(code) ? code : 'INTEGRATION_FAILED'

function assertNotSilenced({ blockedUntil }: Integration, now: Date): void {
  if (blockedUntil === null || blockedUntil <= now) return
  const retryAfterSeconds = (blockedUntil.getTime() - now.getTime()) / 1000
  throw new FleetError('KSEF_RATE_LIMITED', { retryAfterSeconds })
}

function chosenOf({ chosen, passedOver }: CredentialChoice): UsableCredential {
  if (chosen === null) throw new FleetError(whyNone(passedOver))
  return chosen
}
