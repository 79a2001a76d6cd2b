// Official tag "Uzyskiwanie dostępu"; uwierzytelnianie.md of 10.07.2025.
//
// challenge -> signed document or encrypted token -> poll until 200 -> redeem, exactly once. A lost answer to
// the redeeming is not repeated: KSeF hands the tokens out once, so the caller signs in anew.
import * as z from 'zod'
import { lifeSecondsOf } from '../access-token.ts'
import {
  authTokenRequest,
  type ContextIdentifier,
  type SubjectIdentifierType,
} from '../auth/auth-token-request.ts'
import type { SigningCertificate } from '../auth/certificate.ts'
import { signXades } from '../auth/xades.ts'
import { encryptForKsef } from '../crypto/session-key.ts'
import { KSEF_ERRORS } from '../error-codes.ts'
import { failed, type KsefFailure, type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import { Sealed } from '../sealed.ts'
import { SIGN_IN_STATUSES } from '../status-codes.ts'
import { wireDate } from '../wire-date.ts'
import type { PublicKeys } from './public-keys.ts'
import { absent, publicKeyId, referenceNumber, status, type WireStatus } from './wire.ts'

/** A JWT with the time KSeF says it ends. Both access and refresh tokens. */
export type AccessToken = {
  readonly token: Sealed<string>
  /** A moment on KSeF's clock. */
  readonly validUntil: Date
  /** How long it lives from its making; use it with the time of the answer where clocks may differ. */
  readonly lifeSeconds?: number
}

export type SignedIn = {
  readonly authReferenceNumber: string
  readonly accessToken: AccessToken
  readonly refreshToken: AccessToken
}

export const ChallengeResponse = z.object({
  challenge: z.string().min(1),
  /** Up to the last moment a Date can hold. */
  timestampMs: z.number().int().max(8.64e15),
  clientIp: absent(z.string()),
})

/** Body of `POST /auth/ksef-token`. */
export const TokenSignInRequest = z.strictObject({
  challenge: z.string().length(36),
  contextIdentifier: z.strictObject({ type: z.enum(['Nip', 'InternalId', 'NipVatUe']), value: z.string() }),
  encryptedToken: z.base64(),
  publicKeyId,
})

const Token = z
  .object({ token: z.string().min(1), validUntil: wireDate })
  .transform(({ token, validUntil }): AccessToken => {
    const sealed = new Sealed(token)
    const lifeSeconds = lifeSecondsOf(sealed)
    return { token: sealed, validUntil, ...(lifeSeconds === null ? {} : { lifeSeconds }) }
  })

export const SignInStartedResponse = z.object({ referenceNumber, authenticationToken: Token })
export const SignInStatusResponse = z.object({ status })
export const TokensResponse = z.object({ accessToken: Token, refreshToken: Token })
export const RefreshResponse = z.object({ accessToken: Token })

const DEADLINE_MS = 120_000
const POLL_FIRST_MS = 200
const POLL_LONGEST_MS = 3_000

export type CertificateSignIn = {
  readonly context: ContextIdentifier
  readonly certificate: SigningCertificate
  /** `certificateSubject` when left out: KSeF reads NIP or PESEL from the certificate. */
  readonly subjectIdentifierType?: SubjectIdentifierType
  /** How long to poll, in ms; two minutes when left out. Qualified certificates wait for OCSP. */
  readonly deadlineMs?: number
}

export type TokenSignIn = {
  readonly context: ContextIdentifier
  readonly token: Sealed<string>
  readonly deadlineMs?: number
}

export type SignIn = {
  withCertificate(request: CertificateSignIn): Promise<Result<SignedIn>>
  /** Signs in with a KSeF token, which works only in the context it was made in. */
  withToken(request: TokenSignIn): Promise<Result<SignedIn>>
  /** A new access token. The refresh token stays good and may be used again, for up to seven days. */
  refresh(refreshToken: Sealed<string>): Promise<Result<{ readonly accessToken: AccessToken }>>
}

export type Clock = { readonly now: () => Date; readonly sleep: (ms: number) => Promise<void> }

type Started = z.infer<typeof SignInStartedResponse>

function refusal(answer: WireStatus, code: KsefFailure['code']): KsefFailure {
  const words = { description: answer.description, details: answer.details }
  return {
    operation: 'getSignInStatus',
    kind: 'status',
    effect: 'none',
    code,
    exceptionCode: answer.code,
    ...words,
  }
}

type Verdict = 'pending' | 'done' | KsefFailure

/** What a sign-in's status means. A code without a row is a refusal: nobody is signed in. */
export function verdictOnSignIn(answer: WireStatus): Verdict {
  const rows: { [code: number]: (typeof SIGN_IN_STATUSES)[keyof typeof SIGN_IN_STATUSES] } = SIGN_IN_STATUSES
  const row = rows[answer.code]
  if (row === undefined) return refusal(answer, 'KSEF_UNKNOWN_CODE')
  return row.outcome === 'refused' ? refusal(answer, row.code) : row.outcome
}

const tooSlow = (): KsefFailure => ({
  operation: 'getSignInStatus',
  kind: 'status',
  effect: 'none',
  code: 'SIGN_IN_TOO_SLOW',
  description: KSEF_ERRORS.SIGN_IN_TOO_SLOW.means,
})

/** Reading a status again is what polling is; only a network that stays silent, or a guard that does not yield, ends it early. */
const isPassing = (failure: KsefFailure): boolean =>
  ['held-back', 'connection', 'no-answer', 'server'].includes(failure.kind)

const heldBackMs = (failure: KsefFailure | undefined): number =>
  failure?.kind === 'held-back' ? (failure.retryAfterSeconds ?? 0) * 1000 : 0

type Reading = { readonly verdict: Verdict; readonly passing?: KsefFailure }

function readingOf(answer: Result<{ status: WireStatus }>): Reading {
  if (answer.ok) return { verdict: verdictOnSignIn(answer.value.status) }
  return isPassing(answer.failure)
    ? { verdict: 'pending', passing: answer.failure }
    : { verdict: answer.failure }
}

export function signIn(http: KsefHttp, keys: PublicKeys, clock: Clock): SignIn {
  async function untilDone(started: Started, deadlineMs: number): Promise<Result<void>> {
    const giveUpAt = clock.now().getTime() + deadlineMs
    const path = { referenceNumber: started.referenceNumber }
    const call = { operation: 'getSignInStatus', path, access: started.authenticationToken.token } as const
    let wait = POLL_FIRST_MS
    for (;;) {
      const { verdict, passing } = readingOf(await http.json(call, SignInStatusResponse))
      if (verdict === 'done') return succeeded(undefined)
      if (verdict !== 'pending') return failed(verdict)
      if (clock.now().getTime() + wait > giveUpAt) return failed(passing ?? tooSlow())
      await clock.sleep(Math.max(wait, heldBackMs(passing)))
      wait = Math.min(wait * 1.5, POLL_LONGEST_MS)
    }
  }

  async function finish(started: Result<Started>, deadlineMs = DEADLINE_MS): Promise<Result<SignedIn>> {
    if (!started.ok) return started
    const done = await untilDone(started.value, deadlineMs)
    if (!done.ok) return done
    const access = started.value.authenticationToken.token
    const tokens = await http.json({ operation: 'redeemTokens', access }, TokensResponse)
    return tokens.ok
      ? succeeded({ authReferenceNumber: started.value.referenceNumber, ...tokens.value })
      : tokens
  }

  const requestChallenge = () => http.json({ operation: 'requestChallenge' }, ChallengeResponse)

  async function startWithToken({ context, token }: TokenSignIn): Promise<Result<Started>> {
    const publicKey = await keys.choose('KsefTokenEncryption')
    if (!publicKey.ok) return publicKey
    const challenge = await requestChallenge()
    if (!challenge.ok) return challenge
    // KSeF's own timestamp, in ms: a skewed clock of ours cannot spoil it.
    const plain = Buffer.from(`${token.reveal()}|${challenge.value.timestampMs}`, 'utf8')
    const json = TokenSignInRequest.parse({
      challenge: challenge.value.challenge,
      contextIdentifier: { type: context.type, value: context.value },
      encryptedToken: Buffer.from(encryptForKsef(plain, publicKey.value.key)).toString('base64'),
      publicKeyId: publicKey.value.publicKeyId,
    })
    return http.json({ operation: 'signInWithToken', json }, SignInStartedResponse)
  }

  return {
    async withCertificate({
      context,
      certificate,
      subjectIdentifierType = 'certificateSubject',
      deadlineMs,
    }) {
      const challenge = await requestChallenge()
      if (!challenge.ok) return challenge
      const document = authTokenRequest({
        challenge: challenge.value.challenge,
        context,
        subjectIdentifierType,
      })
      // Signed at KSeF's own time: a clock of ours that runs ahead would sign in KSeF's future.
      const xml = signXades(document, certificate, new Date(challenge.value.timestampMs))
      return finish(await http.json({ operation: 'signInWithXades', xml }, SignInStartedResponse), deadlineMs)
    },
    async withToken(request) {
      const first = await startWithToken(request)
      if (first.ok || first.failure.code !== 'KSEF_PUBLIC_KEY_RETIRED')
        return finish(first, request.deadlineMs)
      const refetched = await keys.refetch()
      return refetched.ok ? finish(await startWithToken(request), request.deadlineMs) : refetched
    },
    refresh(refreshToken) {
      return http.json({ operation: 'refreshAccessToken', access: refreshToken }, RefreshResponse)
    },
  }
}
