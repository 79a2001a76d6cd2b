/** PostgreSQL stores in jsonb no U+0000 and no half of a surrogate pair. */
const UNSTORABLE = /\0|[\uD800-\uDFFF]/gu
const HALF_AT_END = /[\uD800-\uDBFF]$/

/**
 * Another's words, cut to so many UTF-16 units and fit to be stored: no character is cut in two, and what is no character
 * becomes U+FFFD.
 */
export const foreignText = (text: string, unitsMax: number): string =>
  (text.length > unitsMax ? text.slice(0, unitsMax).replace(HALF_AT_END, '') : text).replace(
    UNSTORABLE,
    '\uFFFD',
  )
