/** Names within an archive. Nothing in them comes from a document: a KSeF number is one's only if it looks like one. */
import type { DocumentHeader } from '@ksef-fleet/core'

const PLAIN = /^[A-Za-z0-9-]{1,64}$/

const nameOf = ({ ksefNumber, documentId }: DocumentHeader): string =>
  ksefNumber !== null && PLAIN.test(ksefNumber) ? ksefNumber : documentId

export const fileOf = (header: DocumentHeader): string => `${header.direction}/${nameOf(header)}.xml`
export const upoFileOf = (header: DocumentHeader): string => `upo/${nameOf(header)}.xml`
