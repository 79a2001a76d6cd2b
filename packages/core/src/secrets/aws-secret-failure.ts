import { SecretStoreError } from './secret-store.ts'

/**
 * Answers that say something about this secret; all others are of the moment or of the deployment: throttling, an outage, a
 * network, an expired or missing login of ours. AccessDeniedException may be a fault of the whole deployment too, but
 * it does not pass by itself.
 */
const BROKEN: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'DecryptionFailure',
  'EncryptionFailure',
  'InvalidParameterException',
  'InvalidRequestException',
  'LimitExceededException',
  'MalformedPolicyDocumentException',
  'PreconditionNotMetException',
  'ResourceExistsException',
  'ResourceNotFoundException',
])

/** Error codes for which AWS's documents give a reason that a person can act on. */
const WORDS: Record<string, string> = {
  AccessDeniedException: 'denies access to this secret or its KMS key',
  DecryptionFailure: 'cannot decrypt this secret with its KMS key',
  InvalidRequestException: 'refuses: the secret is marked for deletion or in another state that forbids this',
  ResourceExistsException: 'has another value under this version id already',
  ResourceNotFoundException: 'has no such secret or version',
}

/** The SDK's errors may quote the request; only their name leaves here. */
export function awsSecretFailure(error: unknown): SecretStoreError {
  const name = awsErrorName(error)
  const kind = BROKEN.has(name) ? 'broken' : 'passes'
  return new SecretStoreError(kind, `AWS Secrets Manager ${WORDS[name] ?? 'failed'} (${name})`)
}

export function awsErrorName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  // A name is a code of AWS or of Node; anything else could carry text of a request.
  return /^[A-Za-z][A-Za-z0-9_.]{1,80}$/.test(error.name) ? error.name : 'unknown error'
}
