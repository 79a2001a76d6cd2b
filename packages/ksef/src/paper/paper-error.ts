/** Why a document cannot be shown. */
export const PAPER_PROBLEMS = {
  PAPER_NOT_XML: 'The document is not well-formed XML.',
  PAPER_UNKNOWN_FORM: 'The document is neither an invoice of form FA(2), FA(3) or FA_RR(1) nor a UPO.',
} as const

export type PaperProblem = keyof typeof PAPER_PROBLEMS

export class PaperError extends Error {
  readonly code: PaperProblem

  constructor(code: PaperProblem) {
    super(PAPER_PROBLEMS[code])
    this.name = 'PaperError'
    this.code = code
  }
}
