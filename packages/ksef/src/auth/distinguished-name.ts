import 'reflect-metadata' // @peculiar/x509 resolves its algorithms through it
import { X509Certificate } from '@peculiar/x509'

const escaped = (value: string): string =>
  value
    .replace(/[,+"\\<>;=]/g, (character) => `\\${character}`)
    .replace(/^[ #]|(?<=.) $/g, (character) => `\\${character}`)

/**
 * The issuer as XML Signature wants it in `X509IssuerName`: RFC 4514, that is, most specific part first.
 * Attributes without a short name keep their OID, e.g. `2.5.4.97=VATPL-…`.
 */
export function issuerNameOf(certificateDer: Uint8Array): string {
  const name = new X509Certificate(Uint8Array.from(certificateDer)).issuerName.toJSON()
  return name
    .toReversed()
    .map((part) =>
      Object.entries(part)
        .flatMap(([type, values]) => values.map((value) => `${type}=${escaped(String(value))}`))
        .join('+'),
    )
    .join(',')
}
