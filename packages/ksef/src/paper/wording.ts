import type { Element } from './element.ts'
import type { FormWording } from './form-wording.ts'
import { inLanguage, type Language, type Words } from './labels/label.ts'
import { PHRASES, type Phrase } from './labels/phrases.ts'
import { account, decimal, percent } from './values.ts'

/** Puts a document's elements into words of one language. */
export type Wording = {
  readonly language: Language
  say(phrase: Phrase): string
  words(words: Words): string
  /** The element's label; its own name where the schema has grown. */
  label(name: string): string
  value(element: Pick<Element, 'name' | 'text'>): string
  number(text: string): string
  isNumber(name: string): boolean
}

export function wordingOf(form: FormWording, language: Language): Wording {
  const words = (given: Words): string => inLanguage(given, language)
  const countries = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
  const country = (code: string): string => {
    const name = /^[A-Z]{2}$/.test(code) ? countries.of(code) : undefined
    return name === undefined ? code : `${name} (${code})`
  }
  const coded = (name: string, code: string): string | null => {
    const meaning = form.codes[name]?.[code]
    return meaning === undefined ? null : `${words(meaning)} (${code})`
  }
  return {
    language,
    words,
    say: (phrase) => words(PHRASES[phrase]),
    label: (name) => words(form.labels[name] ?? [name, name]),
    number: (text) => decimal(text, language),
    isNumber: (name) => form.numbers.test(name),
    value({ name, text }) {
      if (form.numbers.test(name)) return decimal(text, language)
      if (form.percents.test(name)) return percent(text)
      if (name === 'NrRB') return account(text)
      if (name === 'KodKraju') return country(text)
      return coded(name, text) ?? text
    },
  }
}
