// What KSeF takes as one package; sesja-wsadowa.md, limity.md and the OpenAPI file (`BatchFileInfo`).

/** Bytes of the archive before it is cut and encrypted. */
export const BATCH_BYTES_MAX = 5_000_000_000
export const BATCH_PARTS_MAX = 50
/**
 * Bytes of an encrypted part. KSeF's bound is on the part before encryption, and padding adds up to 16 bytes; we stay
 * below it with them.
 */
export const BATCH_PART_BYTES_MAX = 100_000_000
