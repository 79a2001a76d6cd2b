/** What a thing is called: in Polish, in English. */
export type Words = readonly [pl: string, en: string]

/** Labels by the name of the element as the schema spells it. */
export type Labels = Readonly<Record<string, Words>>

export type Language = 'pl' | 'en'

export const inLanguage = ([pl, en]: Words, language: Language): string => (language === 'pl' ? pl : en)
