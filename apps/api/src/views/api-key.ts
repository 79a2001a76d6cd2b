import { API_KEY_ROLES, type ApiKey } from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment, momentOf } from './page.ts'

export const ApiKeyView = z
  .object({
    id: z.uuid(),
    companyId: z.uuid().nullable().meta({ description: "Null for a provider's key." }),
    role: z.enum(API_KEY_ROLES),
    name: z.string(),
    hint: z.string().meta({ description: 'How the key begins.' }),
    createdAt: Moment,
    lastUsedAt: Moment.nullable().meta({ description: 'To the minute.' }),
    revokedAt: Moment.nullable(),
    expiresAt: Moment.nullable().meta({ description: 'When it ends by itself, its successor being there.' }),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'ApiKey' })

export const NewApiKeyView = ApiKeyView.extend({
  key: z.string().meta({ description: 'The key itself. It is shown here once and never again.' }),
}).meta({ id: 'NewApiKey' })

export const RotatedApiKeyView = NewApiKeyView.extend({
  replaced: ApiKeyView.meta({ description: 'The old key, with its end.' }),
}).meta({ id: 'RotatedApiKey' })

export const apiKeyLocation = (id: string): string => `/v1/api-keys/${id}`

export const viewApiKey = (key: ApiKey): z.infer<typeof ApiKeyView> => ({
  id: key.id,
  companyId: key.companyId,
  role: key.role,
  name: key.name,
  hint: key.hint,
  createdAt: key.createdAt.toISOString(),
  lastUsedAt: momentOf(key.lastUsedAt),
  revokedAt: momentOf(key.revokedAt),
  expiresAt: momentOf(key.expiresAt),
  links: { self: apiKeyLocation(key.id) },
})
