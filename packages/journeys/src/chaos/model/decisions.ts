import { afterFailure, afterSearch, afterSend, afterStatus, isWhole, originalIn } from '@ksef-fleet/core'

/** What the fleet decides, as the model asks for it: the product's own functions, unless a control puts another in place. */
export type Decisions = {
  afterSend: typeof afterSend
  afterStatus: typeof afterStatus
  afterFailure: typeof afterFailure
  afterSearch: typeof afterSearch
  isWhole: typeof isWhole
  originalIn: typeof originalIn
  /** Whether a write that names its claim is refused once another holds it. A rule of the database, here a switch. */
  fenced: boolean
}

export const REAL: Decisions = {
  afterSend,
  afterStatus,
  afterFailure,
  afterSearch,
  isWhole,
  originalIn,
  fenced: true,
}
