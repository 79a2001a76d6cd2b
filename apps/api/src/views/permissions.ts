import { KSEF_SCOPES, type Permissions } from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment, momentOf } from './page.ts'

export const PermissionsView = z
  .object({
    integrationId: z.uuid(),
    context: z.object({ type: z.enum(['Nip', 'InternalId', 'NipVatUe']), value: z.string() }),
    wanted: z.array(z.enum(KSEF_SCOPES)),
    inForce: z.array(z.string()).meta({ description: 'As KSeF listed them. `Owner` stands for all.' }),
    missing: z.array(z.enum(KSEF_SCOPES)).meta({ description: 'Wanted and not in force.' }),
    verifiedAt: Moment.nullable().meta({
      description: 'When KSeF was asked; null when it has not been yet.',
    }),
  })
  .meta({ id: 'Permissions', description: 'What the fleet may do in a company’s context.' })

export const viewPermissions = (found: Permissions): z.infer<typeof PermissionsView> => ({
  integrationId: found.integrationId,
  context: found.context,
  wanted: [...found.wanted],
  inForce: [...found.inForce],
  missing: [...found.missing],
  verifiedAt: momentOf(found.verifiedAt),
})
