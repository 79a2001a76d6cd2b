import { z } from 'zod'
import { tellExpiry } from '../credentials/tell-expiry.ts'
import { CredentialId } from '../identifiers.ts'
import { Owner } from './advance-credential.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: Owner, credentialId: CredentialId, version: z.string() })

/** Tells an owner in good time that a credential ends. */
export const notifyExpiry = defineJob({
  name: 'notify-expiry',
  queue: 'upkeep',
  schema: Payload,
  key: ({ credentialId, version }) => `expiry-${credentialId}-${version}`,
  handler: ({ companyId, credentialId, version }, context) =>
    tellExpiry(context, {
      owner: companyId === '' ? null : companyId,
      credentialId,
      number: Number(version),
    }),
})
