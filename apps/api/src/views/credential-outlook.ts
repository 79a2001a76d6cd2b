import { CREDENTIAL_KINDS, type Credential, type CredentialChoice, meaningOf } from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment, momentOf } from './page.ts'

const Named = z.object({
  owner: z.enum(['company', 'provider']),
  id: z
    .uuid()
    .nullable()
    .meta({ description: "Null for the provider's, which is not the company's to see." }),
  name: z.string().nullable(),
  kind: z.enum(CREDENTIAL_KINDS),
})

export const CredentialOutlookView = z
  .object({
    chosen: Named.extend({ version: z.int(), notAfter: Moment.nullable() }).nullable(),
    passedOver: z.array(Named.extend({ code: z.string(), means: z.string() })),
  })
  .meta({
    id: 'CredentialOutlook',
    description: 'Which credential would sign in for the company now, and why the others would not.',
  })

export const viewOutlook = ({
  chosen,
  passedOver,
}: CredentialChoice): z.infer<typeof CredentialOutlookView> => ({
  chosen:
    chosen === null
      ? null
      : { ...named(chosen), version: chosen.version.number, notAfter: momentOf(chosen.version.notAfter) },
  passedOver: passedOver.map(({ credential, code }) => ({
    ...named(credential),
    code,
    means: meaningOf(code).means,
  })),
})

const named = ({ id, name, kind, companyId }: Credential): z.infer<typeof Named> =>
  companyId === null
    ? { owner: 'provider', id: null, name: null, kind }
    : { owner: 'company', id, name, kind }
