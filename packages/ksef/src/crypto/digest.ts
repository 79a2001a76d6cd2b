import { hash } from 'node:crypto'

/** SHA-256 in Base64, 44 characters: the form of every hash in the KSeF API (`Sha256HashBase64`). */
export const sha256Base64 = (bytes: Uint8Array | string): string => hash('sha256', bytes, 'base64')
