/** A credential as it comes over the wire. Its secrets are sealed by the parser, before any code of ours sees them. */
import { Sealed } from '@ksef-fleet/ksef'
import { z } from 'zod'

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

export const NewIntegration = z
  .strictObject({ credential: z.discriminatedUnion('type', [Certificate, Pkcs12, Token]) })
  .meta({
    id: 'NewIntegration',
    examples: [
      {
        credential: {
          type: 'certificate',
          certificatePem: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n',
          privateKeyPem: '-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n',
        },
      },
      { credential: { type: 'token', token: '20261122-EC-…' } },
    ],
  })
