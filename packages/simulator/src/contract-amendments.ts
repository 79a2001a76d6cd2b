/**
 * Members that answers have gained since the OpenAPI file of 2.7.0 (api-changelog.md, 2.7.1 and 2.8.0). The contract
 * check adds them to the file's schemas unless a newer file already has them; nothing else may depart from it.
 */
export type Amendment = {
  /** Name under `components.schemas`. */
  schema: string
  member: string
  as: { $ref: string } | { type: string }
  since: '2.7.1' | '2.8.0'
}

const thresholds = { $ref: '#/components/schemas/EffectiveApiRateLimitValues' }

export const AMENDMENTS: readonly Amendment[] = [
  {
    schema: 'InvoiceExportStatusResponse',
    member: 'compressionType',
    as: { $ref: '#/components/schemas/CompressionType' },
    since: '2.7.1',
  },
  {
    schema: 'EffectiveContextLimits',
    member: 'collectiveIdentifier',
    as: { type: 'object' },
    since: '2.7.1',
  },
  { schema: 'EffectiveApiRateLimits', member: 'onlineSessionClose', as: thresholds, since: '2.8.0' },
  { schema: 'EffectiveApiRateLimits', member: 'batchSessionClose', as: thresholds, since: '2.8.0' },
  { schema: 'EffectiveApiRateLimits', member: 'anonymous', as: thresholds, since: '2.8.0' },
  { schema: 'EffectiveApiRateLimits', member: 'global', as: thresholds, since: '2.8.0' },
]
