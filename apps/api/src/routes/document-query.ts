/** What lists and exports of documents may be asked for. */
import { type DocumentFilter, wordsOf } from '@ksef-fleet/core'
import { z } from 'zod'
import { DocumentDirection, DocumentFlag, SubjectType } from '../views/document.ts'

/** One line: what the database takes for text, and nothing else. */
const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters are expected')

const words = (most: number) =>
  text(200)
    .refine((given) => wordsOf(given).length > 0, 'at least one letter or digit is expected')
    .refine((given) => wordsOf(given).length <= most, `at most ${most} words are expected`)

const day = (description: string) =>
  z.iso
    .date()
    .refine((given) => given >= '1900-01-01', 'a day since 1900 is expected')
    .exactOptional()
    .meta({ description, examples: ['2026-11-01'] })

const moment = (description: string) =>
  z.iso
    .datetime({ offset: true })
    .transform((given) => new Date(given))
    .refine((given) => given.getTime() >= Date.UTC(1900), 'a moment since 1900 is expected')
    .exactOptional()
    .meta({ description })

const Decimal = z
  .string()
  .regex(/^-?\d{1,18}(\.\d{1,8})?$/, 'an amount such as 123.45 is expected')
  .exactOptional()

const YesOrNo = z
  .enum(['true', 'false'])
  .transform((given) => given === 'true')
  .exactOptional()

const WORDS_MAX = 10

/** All of them together: a document that fulfils each is found. */
export const documentFilters = {
  direction: DocumentDirection.exactOptional(),
  role: SubjectType.exactOptional(),
  kind: z
    .string()
    .regex(/^[A-Z_]{1,20}$/, 'a RodzajFaktury such as KOR is expected')
    .exactOptional()
    .meta({ description: 'RodzajFaktury, or `VAT_PEF` and `KOR_PEF`.' }),
  flag: DocumentFlag.exactOptional(),
  issuedFrom: day('P_1 on that day or after.'),
  issuedTo: day('P_1 on that day or before.'),
  receivedFrom: moment(
    'Here since that moment or after. No feed: what is stored together gets its moment before others see it, so that who polls by it may miss one. Follow the events `inbox.received` for that.',
  ),
  receivedBefore: moment('Here before that moment.'),
  party: words(WORDS_MAX).exactOptional().meta({
    description:
      'Seller, buyer or third party: a whole NIP or other identifier; or words that the name of seller or buyer begins with.',
  }),
  grossMin: Decimal.meta({ description: 'Gross of so much or more.' }),
  grossMax: Decimal.meta({ description: 'Gross of so much or less.' }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'a code such as PLN is expected')
    .exactOptional(),
  number: text(256).exactOptional().meta({ description: 'Exactly this number of its issuer.' }),
  ksefNumber: text(40).exactOptional().meta({ description: 'Exactly this KSeF number.' }),
  registered: YesOrNo.meta({ description: 'Whether it has a KSeF number.' }),
  erased: YesOrNo.meta({ description: '`true`: those that are erased, instead of the others.' }),
  q: words(WORDS_MAX)
    .exactOptional()
    .meta({
      description:
        'Words of its numbers and of the names of seller and buyer, or their beginnings; all of them, in any order. Case and ' +
        'accents do not matter: `zolc` finds `Żółć`.',
    }),
}

const Filters = z.object(documentFilters)

export function filterOf({ q, party, ...rest }: z.infer<typeof Filters>): DocumentFilter {
  return {
    ...rest,
    ...(q === undefined ? {} : { words: wordsOf(q) }),
    ...(party === undefined ? {} : { party: { identifier: party, words: wordsOf(party) } }),
  }
}
