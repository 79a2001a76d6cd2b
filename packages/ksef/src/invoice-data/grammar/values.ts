/** The values that stand in elements as text. Lengths and patterns are those of the official schemas. */
import Big from 'big.js'
import * as z from 'zod'
import { faultOfCharacter } from '../../documents/characters.ts'
import type { Value } from './part.ts'
import type { XmlElement } from './xml-element.ts'

const textOf = ({ content }: XmlElement): string => (typeof content === 'string' ? content : '')
const collapse = (text: string): string => text.replace(/[ \t\r\n]+/g, ' ').trim()

/** Text as it stands. */
const plain = <Schema extends z.ZodType<string>>(schema: Schema, read = collapse): Value<Schema> => ({
  schema,
  shape: null,
  write: (value) => value,
  read: (element) => read(textOf(element)),
})

/** Characters that XML or KSeF refuses, told by the code of the first. */
function lawful(schema: z.ZodString): z.ZodString {
  return schema.superRefine((text, context) => {
    for (const character of text) {
      const code = faultOfCharacter(character.codePointAt(0) ?? 0)
      if (code === null) continue
      const name = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
      context.addIssue({ code: 'custom', message: `The character ${name} is not allowed.`, params: { code } })
      return
    }
  })
}

/** `xsd:token`: white space is one blank, none at the ends. */
export const text = (max: number, min = 1): Value<z.ZodString> =>
  plain(lawful(z.string().overwrite(collapse).min(min).max(max)))

/** `xsd:string`: every character counts. */
export const verbatim = (max: number): Value<z.ZodString> =>
  plain(lawful(z.string().min(1).max(max)), (raw) => raw)

export const matching = (pattern: RegExp, says: string): Value<z.ZodString> =>
  plain(z.string().regex(pattern, { error: `expected ${says}` }))

/** `YYYY-MM-DD` */
export const day: Value<z.ZodISODate> = plain(z.iso.date({ error: 'expected a date, YYYY-MM-DD' }))

export const moment: Value<z.ZodISODateTime> = plain(
  z.iso.datetime({ offset: true, local: true, error: 'expected a date and time, 2026-02-01T12:00:00Z' }),
)

export const NIP = matching(/^[1-9]((\d[1-9])|([1-9]\d))\d{7}$/, 'a NIP: ten digits without dashes')
export const KSEF_NUMBER = matching(
  /^([1-9]((\d[1-9])|([1-9]\d))\d{7}|M\d{9}|[A-Z]{3}\d{7})-(20[2-9][0-9]|2[1-9][0-9]{2}|[3-9][0-9]{3})(0[1-9]|1[0-2])(0[1-9]|[1-2][0-9]|3[0-1])-([0-9A-F]{6})-?([0-9A-F]{6})-([0-9A-F]{2})$/,
  'a KSeF number',
)
export const COUNTRY = matching(/^[A-Z]{2}$/, 'a country code of two letters')
export const CURRENCY = matching(/^[A-Z]{3}$/, 'a currency code of three letters (ISO 4217)')
export const EMAIL: Value<z.ZodString> = plain(
  lawful(
    z.string().overwrite(collapse).min(3).max(255).regex(/.@./, { error: 'expected an e-mail address' }),
  ),
)

/** Digits a JSON number keeps for certain; longer ones are to be written as text. */
const NUMBER_DIGITS_MAX = 15

function decimalText(given: string | number): string {
  if (typeof given === 'string') return given
  return new Big(given).toFixed()
}

const isExact = (given: string | number): boolean =>
  typeof given === 'string' ||
  decimalText(given).replace(/[-.]/g, '').replace(/^0+/, '').length <= NUMBER_DIGITS_MAX

type Decimal = z.ZodPipe<
  z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>,
  z.ZodTransform<string, string | number>
>

/** An exact decimal, as text or as a JSON number. It is written as it came: nothing is rounded. */
function decimal(bounds: { whole: number; fraction: number; max?: number }, says: string): Value<Decimal> {
  const pattern = new RegExp(`^-?([1-9]\\d{0,${bounds.whole - 1}}|0)(\\.\\d{1,${bounds.fraction}})?$`)
  const error = `expected ${says}: digits, a point, at most ${bounds.fraction} decimals`
  const isWithin = (found: string): boolean =>
    pattern.test(found) && (bounds.max === undefined || (Number(found) >= 0 && Number(found) <= bounds.max))
  return {
    schema: z
      .union([z.string().regex(pattern, { error }), z.number()], { error })
      .transform((given, context) => {
        const found = decimalText(given)
        if (isWithin(found) && isExact(given)) return found
        context.addIssue({
          code: 'custom',
          message: isWithin(found) ? 'too many digits for a JSON number: write it as text' : error,
        })
        return z.NEVER
      }),
    shape: null,
    write: (value) => value,
    read: (element) => collapse(textOf(element)),
  }
}

/** Money, two decimals (TKwotowy). */
export const AMOUNT = decimal({ whole: 16, fraction: 2 }, 'an amount')
/** A unit price, eight decimals (TKwotowy2). */
export const PRICE = decimal({ whole: 14, fraction: 8 }, 'a price')
/** A quantity or an exchange rate, six decimals (TIlosci). */
export const QUANTITY = decimal({ whole: 16, fraction: 6 }, 'a quantity')
export const PERCENT = decimal({ whole: 3, fraction: 6, max: 100 }, 'a percentage from 0 to 100')

export const natural: Value<z.ZodInt> = {
  schema: z.int().positive().max(99_999_999_999_999),
  shape: null,
  write: String,
  read: (element) => Number(collapse(textOf(element))),
}

export const integer: Value<z.ZodInt> = { ...natural, schema: z.int() }

/** Words for what the schema numbers. */
export function code<const Codes extends Readonly<Record<string, string>>>(
  codes: Codes,
): Value<z.ZodEnum<{ [Name in keyof Codes & string]: Name }>> {
  const names = Object.keys(codes) as (keyof Codes & string)[]
  return {
    schema: z.enum(names) as z.ZodEnum<{ [Name in keyof Codes & string]: Name }>,
    shape: null,
    write: (name) => codes[name] ?? '',
    read: (element) =>
      names.find((name) => codes[name] === collapse(textOf(element))) ?? collapse(textOf(element)),
  }
}

/** Words of the schema itself. */
export const word = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  code(Object.fromEntries(words.map((each) => [each, each])) as { [Name in Words[number]]: Name })
