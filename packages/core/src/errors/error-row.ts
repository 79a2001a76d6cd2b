/** What every error says of itself. */
export type ErrorRow = {
  httpStatus: number | null
  blame: 'caller' | 'company' | 'ksef' | 'fleet'
  retry: 'never' | 'after-change' | 'later'
  means: string
  help: string
}
