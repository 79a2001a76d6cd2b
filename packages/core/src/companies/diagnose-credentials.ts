import type { PassedOver } from '../context/choose-credential.ts'
import type { Credential, CredentialVersion, UsableCredential } from '../credentials/credential.ts'
import { credentialExpiry } from '../credentials/credential-expiry.ts'
import { ERRORS } from '../errors.ts'
import type { CompanyFacts } from './company-facts.ts'
import { type Actor, counted, type Finding, knownCode, type Severity } from './finding.ts'

/** Tries of one step after which a rotation does not move by itself. */
const STUCK_TRIES = 3
/** How long a rotation that failed is told of: what signs in goes on, so it is no trouble by itself. */
const TOLD_FOR_MS = 7 * 24 * 3_600_000

/** What is wrong with what signs in: none that can, one that ends, a rotation that does not move. */
export function diagnoseCredentials(facts: CompanyFacts): Finding[] {
  if (facts.integration === null || facts.integration.state === 'revoked') return []
  return [
    ...unusable(facts),
    ...expiring(facts),
    ...facts.own.flatMap((one) => diagnoseRotation(one, facts.now)),
  ]
}

const actorOf = ({ companyId }: Pick<Credential, 'companyId'>): Actor =>
  companyId === null ? 'provider' : 'company'

const listOf = ({ companyId }: Pick<Credential, 'companyId'>): string =>
  companyId === null ? '/v1/credentials' : `/v1/companies/${companyId}/credentials`

function unusable({ credentials: { chosen, passedOver }, company }: CompanyFacts): Finding[] {
  // What was never meant for this context is worth a word only when nothing else opens it.
  const worthAWord = passedOver.filter(({ code }) => chosen === null || code !== 'CREDENTIAL_WRONG_CONTEXT')
  const passed = worthAWord.map(({ credential, code }) =>
    chosen === null
      ? diagnoseUnusable(credential, code, 'stops')
      : { ...diagnoseUnusable(credential, code, 'tells'), code: 'CREDENTIAL_PASSED_OVER' as const },
  )
  if (chosen !== null || passed.length > 0) return passed
  const nothing: Finding = {
    code: 'CREDENTIAL_MISSING',
    severity: 'stops',
    says: 'There is no certificate or token with which to sign in for the company.',
    who: 'provider',
    do: `Supply the company's own with POST /v1/companies/${company.id}/credentials, or the provider's with POST /v1/credentials.`,
  }
  return [nothing]
}

/** That a credential signs in nowhere. */
export const diagnoseUnusable = (
  credential: UsableCredential,
  code: PassedOver['code'],
  severity: Severity,
): Finding => ({
  code,
  severity,
  says: `${nameOf(credential)} is not used: ${ERRORS[code].means}`,
  since: code === 'CREDENTIAL_EXPIRED' ? credential.version.notAfter : null,
  who: actorOf(credential),
  do: `${ERRORS[code].help} Its successor goes to POST ${listOf(credential)}/${credential.id}/rotate.`,
})

const expiring = ({ credentials: { chosen }, now }: CompanyFacts): Finding[] =>
  chosen === null ? [] : diagnoseEnd(chosen, now)

/** That what signs in now ends within a month. */
export function diagnoseEnd(chosen: UsableCredential, now: Date): Finding[] {
  const { window, notAfter, daysLeft } = credentialExpiry(chosen.version, now)
  if (notAfter === null || window === 'later') return []
  const ends = `${nameOf(chosen)} ends on ${notAfter.toISOString()}, in ${counted(Math.max(0, daysLeft ?? 0), 'day')}.`
  return [
    {
      code: 'CREDENTIAL_EXPIRING',
      severity: chosen.autoRenew ? 'tells' : 'warns',
      says: chosen.autoRenew ? `${ends} The fleet renews it before.` : ends,
      who: chosen.autoRenew ? 'nobody' : actorOf(chosen),
      do: chosen.autoRenew
        ? 'Nothing, unless a finding says that the renewal does not move.'
        : `Supply its successor with POST ${listOf(chosen)}/${chosen.id}/rotate before that day.`,
    },
  ]
}

/** A rotation that does not move, or came to nothing. */
export function diagnoseRotation(
  { credential, versions }: CompanyFacts['own'][number],
  now: Date,
): Finding[] {
  const stuck = versions.filter(({ tries, nextStepAt }) => nextStepAt !== null && tries >= STUCK_TRIES)
  const newest = versions.reduce<CredentialVersion | null>(
    (latest, version) => (latest === null || version.number > latest.number ? version : latest),
    null,
  )
  const found = stuck.map((version): Finding => stuckAt(credential, version))
  const isNews = newest !== null && now.getTime() - newest.createdAt.getTime() < TOLD_FOR_MS
  const gaveUp = isNews && newest.number > 1 && newest.failure !== null && isOver(newest)
  return gaveUp ? [...found, gaveUpOn(credential, newest)] : found
}

const isOver = ({ state, activatedAt }: CredentialVersion): boolean =>
  activatedAt === null && (state === 'failed' || state === 'erased')

function stuckAt(credential: Credential, { number, state, tries, failure }: CredentialVersion): Finding {
  const code = failure === null ? null : knownCode(failure.code)
  const because = code === null ? '' : `: ${ERRORS[code].means}`
  return {
    code: 'ROTATION_WAITS',
    severity: 'warns',
    says: `Version ${number} of ${nameOf(credential)} does not get past "${state}" after ${tries} tries${because}`,
    who: code !== null && ERRORS[code].blame === 'ksef' ? 'ksef' : 'fleet',
    do: code === null ? "Read the worker's log for this credential." : ERRORS[code].help,
  }
}

function gaveUpOn(credential: Credential, { number, failure }: CredentialVersion): Finding {
  const code = knownCode(failure?.code ?? '')
  const said = failure?.description === undefined ? '' : ` (${failure.description})`
  return {
    code: 'ROTATION_FAILED',
    severity: 'warns',
    says: `Version ${number} of ${nameOf(credential)} could not take over: ${ERRORS[code].means}${said} The version before it goes on.`,
    who: actorOf(credential),
    do: `${ERRORS[code].help} Then ask again with POST ${listOf(credential)}/${credential.id}/rotate.`,
  }
}

/** The provider's names of its credentials are not for companies to read. */
const nameOf = ({ kind, name, companyId }: Credential): string =>
  companyId === null ? `The provider's ${kind}` : `The company's ${kind} "${name}"`
