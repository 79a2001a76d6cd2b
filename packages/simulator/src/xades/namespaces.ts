/** Prefixes for XPath over signed documents. */
export const NAMESPACES = {
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  xades: 'http://uri.etsi.org/01903/v1.3.2#',
  ec: 'http://www.w3.org/2001/10/xml-exc-c14n#',
}

export const AUTH_TOKEN_NAMESPACES = [
  'http://ksef.mf.gov.pl/auth/token/2.0',
  'http://ksef.mf.gov.pl/auth/token/2.1',
]
