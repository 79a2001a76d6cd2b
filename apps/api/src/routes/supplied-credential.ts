/** A credential as it comes over the wire. Its secrets are sealed by the parser, before any code of ours sees them. */
import { CREDENTIAL_PURPOSES, KSEF_SCOPES, type SuppliedCredential } from '@ksef-fleet/core'
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { Name } from './name.ts'

/** Why a supplied credential, or the storing of its secret, is refused. */
export const CREDENTIAL_REFUSALS = [
  'CREDENTIAL_UNREADABLE',
  'CREDENTIAL_EXPIRED',
  'CREDENTIAL_NOT_YET_VALID',
  'CREDENTIAL_OFFLINE_TYPE',
  'CREDENTIAL_NOT_OFFLINE_TYPE',
  'CREDENTIAL_WRONG_CONTEXT',
  'SECRET_UNAVAILABLE',
  'SECRET_BROKEN',
] as const

const sealedText = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .transform((text) => new Sealed(text))

const PEM_CHARACTERS_MAX = 20_000
const PKCS12_CHARACTERS_MAX = 50_000

const Certificate = z.strictObject({
  type: z.literal('certificate'),
  certificatePem: z.string().min(1).max(PEM_CHARACTERS_MAX),
  privateKeyPem: sealedText(PEM_CHARACTERS_MAX),
  passphrase: sealedText(1_000).exactOptional(),
})

const Pkcs12 = z.strictObject({
  type: z.literal('pkcs12'),
  pkcs12: z
    .base64()
    .min(1)
    .max(PKCS12_CHARACTERS_MAX)
    .transform((text): Uint8Array => Buffer.from(text, 'base64')),
  passphrase: z
    .string()
    .max(1_000)
    .transform((text) => new Sealed(text)),
})

const Token = z.strictObject({ type: z.literal('token'), token: sealedText(2_000) })

const Signer = z.discriminatedUnion('type', [Certificate, Pkcs12])
const Supplied = z.discriminatedUnion('type', [Certificate, Pkcs12, Token])

const PEM_EXAMPLE = {
  type: 'certificate',
  certificatePem: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n',
  privateKeyPem: '-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n',
}
const TOKEN_EXAMPLE = { type: 'token', token: '20261122-EC-…' }

const scopes = z.array(z.enum(KSEF_SCOPES)).min(1).max(KSEF_SCOPES.length)

export const WantedScopes = z
  .strictObject({ scopes: scopes.meta({ description: 'Permissions the company wants to use.' }) })
  .meta({ id: 'WantedScopes', examples: [{ scopes: ['InvoiceWrite', 'InvoiceRead'] }] })

export const NewIntegration = z
  .strictObject({
    credential: Supplied.exactOptional().meta({
      description: "The company's own. Without it one it has already signs in, or the provider's.",
    }),
    scopes: scopes.exactOptional().meta({
      description: 'Permissions the company wants to use; `InvoiceWrite` when left out.',
    }),
  })
  .meta({
    id: 'NewIntegration',
    examples: [
      { credential: PEM_EXAMPLE },
      { credential: TOKEN_EXAMPLE, scopes: ['InvoiceWrite', 'InvoiceRead'] },
      { scopes: ['InvoiceWrite'] },
    ],
  })

const named = {
  name: Name,
  purpose: z.enum(CREDENTIAL_PURPOSES).exactOptional().meta({
    description:
      '`sign-in` when left out. `offline-codes`: a KSeF certificate of type Offline, which signs KOD II and never signs in.',
  }),
  autoRenew: z.boolean().default(true).meta({
    description:
      'The fleet renews a certificate before it ends. A token has no successor that would outlast it.',
  }),
}

export const NewCompanyCredential = z
  .strictObject({ ...named, credential: Supplied })
  .meta({ id: 'NewCompanyCredential', examples: [{ name: 'seal 2026', credential: PEM_EXAMPLE }] })

/** A token opens one context only, which is its company's, so the provider's own are certificates. */
export const NewProviderCredential = z
  .strictObject({ ...named, credential: Signer })
  .meta({ id: 'NewProviderCredential', examples: [{ name: 'office seal', credential: PEM_EXAMPLE }] })

export const Successor = z
  .strictObject({
    supplied: Supplied.exactOptional().meta({ description: 'The successor itself.' }),
    generate: z.literal(true).exactOptional().meta({ description: 'Have KSeF make a token.' }),
    enrol: z.literal(true).exactOptional().meta({
      description: 'Have KSeF issue a certificate; its key is made here and never leaves the secret store.',
    }),
  })
  .refine((given) => Object.keys(given).length === 1, {
    error: 'exactly one of supplied, generate and enrol is expected',
  })
  .transform(successorOf)
  .meta({ id: 'Successor', examples: [{ supplied: TOKEN_EXAMPLE }, { generate: true }, { enrol: true }] })

type Origin = { origin: 'supplied'; credential: SuppliedCredential } | { origin: 'generated' | 'enrolled' }

function successorOf(given: { supplied?: SuppliedCredential; generate?: true }): Origin {
  if (given.supplied !== undefined) return { origin: 'supplied', credential: given.supplied }
  return { origin: given.generate === true ? 'generated' : 'enrolled' }
}
