import { z } from 'zod'
import { withCredentialOwner } from '../credentials/credential-owner.ts'
import { takeStep } from '../credentials/take-step.ts'
import { isDue } from '../delivery/delivery-context.ts'
import { CompanyId, CredentialId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

/** Empty where the credential is the provider's: a payload is made of strings. */
export const Owner = z.union([CompanyId, z.literal('')])

const Payload = z.object({ companyId: Owner, credentialId: CredentialId, version: z.string() })

/** Takes the next step of a credential's version, from its making to its erasure: one step a run. */
export const advanceCredential = defineJob({
  name: 'advance-credential',
  queue: 'upkeep',
  schema: Payload,
  key: ({ credentialId, version }) => `credential-${credentialId}-${version}`,
  async handler({ companyId, credentialId, version }, context) {
    const owner = companyId === '' ? null : companyId
    const task = await withCredentialOwner(context, owner, async ({ credentials }) => {
      const credential = await credentials.get(credentialId)
      if (credential === null || credential.companyId !== owner) return null
      const versions = await credentials.versions(credentialId)
      const found = versions.find(({ number }) => String(number) === version)
      return found === undefined ? null : { credential, version: found, versions }
    })
    const { nextStepAt = null } = task?.version ?? {}
    if (task === null || !isDue(nextStepAt, context.now())) return
    await takeStep(context, task)
  },
})
