import { STRICTNESSES } from '@ksef-fleet/ksef/rules'
import { z } from 'zod'

/** What an invoice is refused for when it is accepted. */
export const Validate = z
  .enum(STRICTNESSES)
  .default('ksef')
  .meta({
    description:
      'What an invoice is refused for: `ksef` what KSeF itself would refuse, `strict` every error that ' +
      '`…/invoices/validate` finds as well. Warnings refuse nothing.',
  })
