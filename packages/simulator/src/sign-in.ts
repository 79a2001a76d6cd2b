import type { X509Certificate } from 'node:crypto'
import { later } from './clock.ts'
import { type Context, keyOf, type Subject } from './identity.ts'
import { sha256Base64 } from './invoice/decryption.ts'
import { delayOf } from './processing-delays.ts'
import { newReferenceNumber } from './reference-number.ts'
import { KsefRefusal } from './refusal.ts'
import type { Authentication, AuthenticationMethod, Status } from './stores/authentications.ts'
import type { KsefCertificate } from './stores/ksef-certificates.ts'
import { type KsefToken, tokenStatus } from './stores/ksef-tokens.ts'
import type { World } from './world.ts'
import type { AllowedIps } from './xades/auth-token-request.ts'
import { fingerprintOf, isSeal, subjectOf } from './xades/signing-certificate.ts'
import { verifyXadesSignature } from './xades/verify-signature.ts'

/**
 * Beginning a sign-in. What is wrong with the request itself is refused at once (400); what is wrong with the
 * credential or its rights becomes the operation's status (415, 450, 460, 470, 480), read by polling.
 */
const SUCCESS: Status = { code: 200, description: 'Uwierzytelnianie zakończone sukcesem' }
const failed = (code: number, because: string, detail: string): Status => ({
  code,
  description: `Uwierzytelnianie zakończone niepowodzeniem${because}`,
  details: [detail],
})
const badToken = (detail: string): Status => failed(450, ' z powodu błędnego tokenu', detail)
const badCertificate = (detail: string): Status => failed(460, ' z powodu błędu certyfikatu', detail)

/** Rights that a sign-in of `subject` into `context` has now; a KSeF token narrows those of its maker. */
export function rightsOf(world: World, authentication: Authentication): string[] {
  const held = world.permissions.inForce(authentication.context, authentication.subject)
  const { tokenPermissions } = authentication
  return tokenPermissions === undefined ? held : held.filter((right) => tokenPermissions.includes(right))
}

function begin(
  world: World,
  attempt: Omit<Authentication, 'referenceNumber' | 'startDate' | 'readyAt'>,
): Authentication {
  const startDate = world.clock.now()
  const readyAt = later(startDate, delayOf(world.settings, 'signIn'))
  const referenceNumber = newReferenceNumber('AU', startDate, world.randomness)
  const authentication: Authentication = { ...attempt, referenceNumber, startDate, readyAt }
  if (authentication.outcome.code === 200) authentication.outcome = rightsOutcome(world, authentication)
  authentication.outcome = world.outcomes.take('authentication') ?? authentication.outcome
  world.authentications.add(authentication)
  return authentication
}

function rightsOutcome(world: World, authentication: Authentication): Status {
  if (world.blockedContexts.has(keyOf(authentication.context))) {
    return {
      code: 480,
      description: 'Uwierzytelnienie zablokowane',
      details: ['Podejrzenie incydentu bezpieczeństwa.'],
    }
  }
  if (world.permissions.isDeceased(authentication.subject)) {
    return failed(470, '', 'Próba wykorzystania metod autoryzacyjnych osoby zmarłej')
  }
  return rightsOf(world, authentication).length === 0
    ? failed(415, '', 'Brak przypisanych uprawnień')
    : SUCCESS
}

/** TEST trusts no issuer but KSeF, so whoever asks for the chain to be verified is told that it is not. */
const NO_TRUSTED_CHAIN = badCertificate('Niezaufany łańcuch certyfikatów')

type Validity = { validFrom: Date; validTo: Date }

function validity({ validFrom, validTo }: Validity, now: Date): Status {
  return validFrom <= now && now <= validTo ? SUCCESS : badCertificate('Nieważny certyfikat')
}

/** What KSeF thinks of a certificate it issued itself: its own records outrank the certificate's dates. */
function judgeOwn(world: World, certificate: KsefCertificate): Status {
  const status = world.ksefCertificates.statusOf(certificate)
  if (certificate.type === 'Offline') return badCertificate('Niepoprawny certyfikat')
  if (status === 'Revoked') return badCertificate('Certyfikat odwołany')
  if (status === 'Blocked') return badCertificate('Certyfikat zawieszony')
  const outcome = validity(certificate, world.clock.now())
  if (outcome.code === 200) certificate.lastUseDate = world.clock.now()
  return outcome
}

function judgeCertificate(world: World, certificate: X509Certificate, verifyChain: boolean): Status {
  const own = world.ksefCertificates.byDer(certificate.raw)
  if (own !== undefined) return judgeOwn(world, own)
  const dates = { validFrom: new Date(certificate.validFrom), validTo: new Date(certificate.validTo) }
  return verifyChain ? NO_TRUSTED_CHAIN : validity(dates, world.clock.now())
}

/** Who signed: a KSeF certificate stands for the one it was issued to, whatever that one had signed in with. */
function signerOf(world: World, certificate: X509Certificate, byFingerprint: boolean): Subject | undefined {
  const own = world.ksefCertificates.byDer(certificate.raw)
  if (own !== undefined) return own.subject
  if (byFingerprint) return { type: 'Fingerprint', value: fingerprintOf(certificate) }
  return subjectOf(certificate)
}

function methodOf(world: World, certificate: X509Certificate): AuthenticationMethod {
  if (world.ksefCertificates.byDer(certificate.raw) !== undefined) return 'InternalCertificate'
  return isSeal(certificate) ? 'QualifiedSeal' : 'QualifiedSignature'
}

/**
 * Official operation POST /auth/xades-signature.
 *
 * @throws KsefRefusal as {@link verifyXadesSignature}, and 21111 or 21115
 */
export function signInByCertificate(world: World, signedXml: Buffer, verifyChain: boolean): Authentication {
  const { request, certificate } = verifyXadesSignature(signedXml, world.requestSchema)
  if (world.challenges.find(request.challenge) === undefined) throw new KsefRefusal(21111)
  const byFingerprint = request.subjectIdentifierType === 'certificateFingerprint'
  const subject = signerOf(world, certificate, byFingerprint)
  if (subject === undefined)
    throw new KsefRefusal(21115, 'Certyfikat nie zawiera identyfikatora NIP ani PESEL.')
  world.challenges.consume(request.challenge)
  return begin(world, {
    method: methodOf(world, certificate),
    signingCertificate: certificate.raw.toString('base64'),
    context: request.context,
    subject,
    outcome: judgeCertificate(world, certificate, verifyChain),
    documentHash: sha256Base64(signedXml),
    ...(request.allowedIps === undefined ? {} : { allowedIps: request.allowedIps }),
  })
}

export type TokenSignIn = {
  challenge: string
  context: Context
  encryptedToken: Buffer
  publicKeyId?: string
  allowedIps?: AllowedIps
}

function openToken(world: World, attempt: TokenSignIn, timestampMs: number): KsefToken | Status {
  const opened = world.keys.open('KsefTokenEncryption', attempt.encryptedToken, attempt.publicKeyId)
  if (opened === undefined) return badToken('Nieprawidłowe szyfrowanie tokena')
  const text = opened.toString('utf8')
  const separator = text.lastIndexOf('|')
  if (separator < 0) return badToken('Nieprawidłowe kodowanie tokena')
  if (text.slice(separator + 1) !== String(timestampMs)) return badToken('Nieprawidłowy czas tokena')
  return world.ksefTokens.bySecret(text.slice(0, separator)) ?? badToken('Nieprawidłowy token')
}

function judgeToken(token: KsefToken, context: Context, now: Date): Status {
  if (token.revokedAt !== undefined) return badToken('Token unieważniony')
  if (tokenStatus(token, now) !== 'Active') return badToken('Token nieaktywny')
  if (keyOf(token.context) === keyOf(context)) return SUCCESS
  return badToken(`Token nie może być użyty w kontekście ${context.value}`)
}

/**
 * Official operation POST /auth/ksef-token: RSA-OAEP of `token|timestampMs` with the challenge's timestamp.
 *
 * @throws KsefRefusal 21111 or 21470
 */
export function signInByToken(world: World, attempt: TokenSignIn): Authentication {
  const { publicKeyId, context } = attempt
  if (publicKeyId !== undefined && !world.keys.accepts('KsefTokenEncryption', publicKeyId)) {
    throw new KsefRefusal(21470, `Klucz o identyfikatorze ${publicKeyId} nie jest wspierany.`)
  }
  const challenge = world.challenges.find(attempt.challenge)
  if (challenge === undefined) throw new KsefRefusal(21111)
  world.challenges.consume(attempt.challenge)
  const opened = openToken(world, attempt, challenge.issuedAt.getTime())
  const { allowedIps } = attempt
  const common = { method: 'Token', context, ...(allowedIps === undefined ? {} : { allowedIps }) } as const
  if (!('token' in opened))
    return begin(world, { ...common, subject: { type: 'Nip', value: '' }, outcome: opened })
  const now = world.clock.now()
  const outcome = judgeToken(opened, context, now)
  if (outcome.code === 200) opened.lastUseDate = now
  return begin(world, {
    ...common,
    subject: opened.author,
    outcome,
    tokenReferenceNumber: opened.referenceNumber,
    tokenPermissions: opened.permissions,
  })
}
