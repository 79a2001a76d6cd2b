import type { CredentialVersion, UsableCredential } from '../credentials/credential.ts'
import type { CompanyId } from '../identifiers.ts'
import type { IntegrationHold } from '../integrations/fail-integration.ts'
import type { Integration, KsefContext } from '../integrations/integration.ts'

/** A credential that does not sign in for the company, and why. */
export type PassedOver = { credential: UsableCredential; code: IntegrationHold }

export type CredentialChoice = { chosen: UsableCredential | null; passedOver: readonly PassedOver[] }

/**
 * Which credential signs in: the company's own before the provider's, a certificate before a token, and among equals the
 * one that lasts longest. A token opens only the context it was issued in. Whatever cannot sign in today is passed over,
 * and why is kept, so that nobody has to guess. Decided anew for every use: nothing remembers a choice.
 *
 * Who proved the NIP with a credential of its own proved nothing for the provider's, which opens the context of everybody
 * who trusted the provider: once its own signs in no more, a verification has to find another proof first.
 *
 * @param candidates credentials with the version that signs in, of the company and of the provider
 */
export function chooseCredential(
  candidates: readonly UsableCredential[],
  owner: Pick<Integration, 'companyId' | 'context' | 'nipProof'>,
  now: Date,
): CredentialChoice {
  const onlyOwn = owner.nipProof?.method === 'own-credential'
  const proved = onlyOwn ? candidates.filter(({ companyId }) => companyId !== null) : candidates
  const { fitting, passedOver } = rankCredentials(proved, owner, now)
  return { chosen: fitting[0] ?? null, passedOver }
}

/** All that can sign in, in the order in which they are chosen: the next one, should the first turn out to be dead. */
export function rankCredentials(
  candidates: readonly UsableCredential[],
  { companyId, context }: { companyId: CompanyId; context: KsefContext },
  now: Date,
): { fitting: readonly UsableCredential[]; passedOver: readonly PassedOver[] } {
  const passedOver: PassedOver[] = []
  const fitting: UsableCredential[] = []
  for (const credential of candidates) {
    const code = whyNot(credential, { companyId, context }, now)
    if (code === null) fitting.push(credential)
    else passedOver.push({ credential, code })
  }
  fitting.sort((one, other) => rank(one) - rank(other) || endOf(other) - endOf(one))
  return { fitting, passedOver }
}

function whyNot(
  credential: UsableCredential,
  owner: { companyId: CompanyId; context: KsefContext },
  now: Date,
): IntegrationHold | null {
  const { kind, context, version } = credential
  // Never another company's, whoever put it among the candidates.
  if (credential.companyId !== null && credential.companyId !== owner.companyId)
    return 'CREDENTIAL_WRONG_CONTEXT'
  if (kind === 'token' && !isSameContext(context, owner.context)) return 'CREDENTIAL_WRONG_CONTEXT'
  return whyUnusable(version, now)
}

/** Why a version signs in nowhere; null when nothing is known against it. */
export const whyUnusable = (
  version: Pick<CredentialVersion, 'failure' | 'notBefore' | 'notAfter'>,
  now: Date,
): 'CREDENTIAL_REFUSED' | ReturnType<typeof outOfTime> =>
  isRefused(version) ? 'CREDENTIAL_REFUSED' : outOfTime(version, now)

const isRefused = ({ failure }: Pick<CredentialVersion, 'failure'>): boolean =>
  failure?.code === 'CREDENTIAL_REFUSED'

/** Why a version cannot sign in at that time; null when it can. */
export function outOfTime(
  { notBefore, notAfter }: Pick<CredentialVersion, 'notBefore' | 'notAfter'>,
  now: Date,
): 'CREDENTIAL_EXPIRED' | 'CREDENTIAL_NOT_YET_VALID' | null {
  if (notAfter !== null && notAfter <= now) return 'CREDENTIAL_EXPIRED'
  return notBefore !== null && notBefore > now ? 'CREDENTIAL_NOT_YET_VALID' : null
}

export const isSameContext = (one: KsefContext | null, other: KsefContext): boolean =>
  one !== null && one.type === other.type && one.value === other.value

const rank = ({ companyId, kind }: UsableCredential): number =>
  (companyId === null ? 2 : 0) + (kind === 'token' ? 1 : 0)

const endOf = ({ version }: UsableCredential): number =>
  version.notAfter?.getTime() ?? Number.MAX_SAFE_INTEGER

/**
 * Of several reasons the one that tells most: what its owner can mend comes before what was never meant for this context.
 * `CREDENTIAL_MISSING` when there was nothing to pass over.
 */
export function whyNone(passedOver: readonly PassedOver[]): IntegrationHold {
  const own = passedOver.filter(({ credential }) => credential.companyId !== null)
  const told = [...own, ...passedOver].find(({ code }) => code !== 'CREDENTIAL_WRONG_CONTEXT')
  return told?.code ?? passedOver[0]?.code ?? 'CREDENTIAL_MISSING'
}
