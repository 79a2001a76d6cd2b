/** Where a credential's end lies, as the view `ksef_credential_status` tells it. */
export type CredentialWindow =
  | 'expired'
  | 'within-1-day'
  | 'within-7-days'
  | 'within-14-days'
  | 'within-30-days'
  | 'later'
  | 'never'
