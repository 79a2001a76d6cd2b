import { sha256Base64 } from '../crypto/digest.ts'
import { PackageError } from './package-error.ts'

/** An invoice on its way into a package. KSeF repeats the file name with the invoice's status. */
export type DocumentToPack = { readonly fileName: string; readonly xml: Uint8Array }

/** What was packed: the hash is how KSeF's answers are matched. */
export type PackedDocument = {
  readonly fileName: string
  readonly invoiceSize: number
  /** SHA-256 of the plain XML in Base64. */
  readonly invoiceHash: string
}

/** No directories, and no character that an archiver or the Ministry's side might read in another way. */
const FILE_NAME = /^[\w-][\w.-]{0,99}$/

/** Looks at each document that goes into an archive, in its order. */
export type PackingCheck = {
  /** @throws PackageError for a name that is not fit */
  pass(document: DocumentToPack): void
  /**
   * How many there were.
   * @throws PackageError when that is none, or two had the same name
   */
  end(): number
}

const NAMES_BYTES = 64 * 1024
const BETWEEN_NAMES = '\n'

/**
 * Tells of each document as it passes. Names wait as bytes until all are there: 10,000 strings in a set outlive so many
 * collections of garbage that the process grows with every package.
 */
export function openPackingCheck(onDocument: (document: PackedDocument) => void): PackingCheck {
  let names = Buffer.alloc(NAMES_BYTES)
  let filled = 0
  let count = 0
  return {
    pass({ fileName, xml }) {
      if (!FILE_NAME.test(fileName)) throw new PackageError('PACKAGE_FILE_NAME_INVALID')
      if (filled + fileName.length + 1 > names.length) names = Buffer.concat([names], names.length * 2)
      filled += names.write(fileName + BETWEEN_NAMES, filled, 'latin1')
      count += 1
      onDocument({ fileName, invoiceSize: xml.length, invoiceHash: sha256Base64(xml) })
    },
    end() {
      if (count === 0) throw new PackageError('PACKAGE_EMPTY')
      const distinct = new Set(names.toString('latin1', 0, filled - 1).split(BETWEEN_NAMES))
      if (distinct.size < count) throw new PackageError('PACKAGE_FILE_NAME_TWICE')
      return count
    },
  }
}
