/**
 * The last gate of every log line: what looks like a secret leaves as a placeholder, wherever it stood. It knows shapes,
 * not places, so it also catches what a library put into a message. Every pattern is linear: a class or a bounded run
 * after a fixed start, never one repetition inside another.
 */

const CREDENTIAL_WORDS =
  'authorization|cookie|password|passphrase|pass|secret|token|access_token|refresh_token|api[-_]?key|private[-_]?key(?:pem)?|sig|signature|x-amz-[a-z-]{1,40}'

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // A PEM block, to the end of the string it stands in (JSON escapes its line ends).
  [/-----BEGIN [A-Z0-9 ]{1,40}-----(?:[^"\\]|\\.)*/g, '[pem]'],
  // An XML document: an invoice, an UPO, a signed sign-in request.
  [/<(?:\?xml|(?:[a-z0-9]{1,10}:)?(?:Faktura|Potwierdzenie|AuthTokenRequest))\b(?:[^"\\]|\\.)*/gi, '[xml]'],
  [/\bkf[pc]_[A-Za-z0-9_-]{8,80}/g, '[api-key]'],
  [/\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}/g, '[jwt]'],
  // A KSeF token: reference number, context, secret (tokeny-ksef.md). The bare reference number stays readable.
  [/(\b\d{8}-[A-Z]{2}-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2})\|[^\s"\\]+/g, '$1|[token]'],
  [/\b(Bearer|Basic) +[^\s"\\,]+/gi, '$1 [credential]'],
  // user:password@ of a URL.
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"\\]{0,100}:)[^\s@/"\\]{1,200}@/gi, '$1[password]@'],
  // name=value of a query or a form, name: value of a header, and both spellings of JSON inside a string. An unescaped
  // quote is never crossed, so the line stays JSON.
  [
    new RegExp(
      `(\\b(?:${CREDENTIAL_WORDS})(?:\\\\"|')?\\s{0,3}[=:]\\s{0,3}(?:\\\\"|')?)(?![\\[\\s])[^\\s"'\\\\&,;}]+`,
      'gi',
    ),
    '$1[secret]',
  ],
]

/** The text with everything that looks like a secret replaced; JSON stays JSON. */
export const scrub = (text: string): string =>
  PATTERNS.reduce((clean, [pattern, placeholder]) => clean.replace(pattern, placeholder), text)
