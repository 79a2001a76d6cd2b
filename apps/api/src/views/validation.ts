import type { Validation, ValidationFinding } from '@ksef-fleet/core'
import { z } from 'zod'
import { companyLocation } from './company.ts'
import { Words } from './invoice.ts'

const InvoiceFindingView = z
  .object({
    code: z.string().meta({ description: 'Stable: of a rule, or of `/docs/errors`.' }),
    severity: z.enum(['error', 'warning']),
    ksefRefuses: z.boolean().meta({
      description: 'KSeF itself would refuse the invoice. The other errors it takes; the VAT act does not.',
    }),
    message: Words.meta({ description: 'What is so, with the values that stand there.' }),
    help: Words.meta({ description: 'What to do about it.' }),
    source: z.string().meta({
      description: 'Where it is written: an article of the VAT act, or a document of the Ministry.',
    }),
    xpath: z.string().optional(),
    pointer: z
      .string()
      .optional()
      .meta({ description: 'JSON pointer into the data, where it came as JSON.' }),
    line: z.int().optional(),
    column: z.int().optional(),
    existing: z
      .object({ id: z.uuid(), location: z.string() })
      .optional()
      .meta({ description: 'Of a duplicate: the invoice that has the number.' }),
  })
  .meta({ id: 'InvoiceFinding', description: 'One thing wrong with an invoice, at one place.' })

export const ValidationView = z
  .object({
    valid: z.boolean().meta({ description: 'There is no error; warnings there may be.' }),
    findings: z.array(InvoiceFindingView).meta({ description: 'Errors first; of one rule at most 20.' }),
  })
  .meta({
    id: 'Validation',
    description: 'Everything there is to say about an invoice before it is sent.',
    examples: [
      {
        valid: false,
        findings: [
          {
            code: 'FA_TOTAL',
            severity: 'error',
            ksefRefuses: false,
            message: {
              pl: 'P_15 wynosi 340.00, a pola P_13_… i P_14_… dają razem 339.00.',
              en: 'P_15 is 340.00, while the fields P_13_… and P_14_… come to 339.00.',
            },
            help: {
              pl: 'Wpisz w P_15 sumę wartości netto i podatku; kwoty spoza sprzedaży należą do Rozliczenie.',
              en: 'Give in P_15 the sum of net values and tax; what is no sale belongs into Rozliczenie.',
            },
            source: 'art. 106e ust. 1 pkt 15; XSD FA(3), P_15',
            xpath: '/Faktura/Fa/P_15',
            line: 7,
          },
        ],
      },
    ],
  })

export const viewValidation = (
  companyId: string,
  { valid, findings }: Validation,
): z.infer<typeof ValidationView> => ({
  valid,
  findings: findings.map((finding) => viewFinding(companyId, finding)),
})

const viewFinding = (companyId: string, { existingId, message, help, ...finding }: ValidationFinding) => ({
  ...finding,
  message: { ...message },
  help: { ...help },
  ...(existingId === undefined
    ? {}
    : { existing: { id: existingId, location: `${companyLocation(companyId)}/invoices/${existingId}` } }),
})
