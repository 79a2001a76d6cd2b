/** Every reason not to make a package. */
export const PACKAGE_PROBLEMS = {
  PACKAGE_EMPTY: 'There is no document to pack.',
  PACKAGE_TOO_LARGE: 'The archive has more parts than KSeF takes; pack fewer documents or larger parts.',
  PACKAGE_FILE_NAME_INVALID:
    'A file name has other characters than ASCII letters, digits, dot, dash and underscore, or more than 100.',
  PACKAGE_FILE_NAME_TWICE: 'Two documents have the same file name.',
} as const

export type PackageProblem = keyof typeof PACKAGE_PROBLEMS

/** Documents that make no package. What was written by then is removed again. */
export class PackageError extends Error {
  readonly code: PackageProblem

  constructor(code: PackageProblem) {
    super(PACKAGE_PROBLEMS[code])
    this.name = 'PackageError'
    this.code = code
  }
}
