/**
 * Words by which documents are found: lower case, without accents, so that `zolc` finds `Żółć` and `fv 7` finds `FV/7`.
 * The same for what is stored and for what is asked.
 */
import type { DocumentFacts } from './document-header.ts'

const WORD_LENGTH_MAX = 64
const WORDS_MAX = 100

/** In their order, each once. */
export function wordsOf(text: string): string[] {
  const folded = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    // What Unicode does not take apart.
    .replace(/[łŁ]/g, 'l')
    .replace(/ß/g, 'ss')
    .toLowerCase()
  const words = folded.match(/[\p{L}\p{N}]+/gu) ?? []
  return [...new Set(words.map(cut))].slice(0, WORDS_MAX)
}

const cut = (word: string): string =>
  word.length > WORD_LENGTH_MAX ? [...word].slice(0, WORD_LENGTH_MAX / 2).join('') : word

/** Before a word of a party's name, so that it can be asked for as such. No word of a text begins with it. */
export const NAME_MARK = '@'

/** Words of names and numbers, and those of the names once more, marked. */
export function searchWords(facts: DocumentFacts, ksefNumber: string | null): string[] {
  const { sellerName, buyerName, number, correctedNumber, sellerNip, buyerId } = facts
  const names = wordsOf(joined([sellerName, buyerName]))
  const numbers = wordsOf(joined([number, correctedNumber, sellerNip, buyerId, ksefNumber]))
  return [...new Set([...names, ...numbers]), ...names.map((word) => `${NAME_MARK}${word}`)]
}

const joined = (texts: readonly (string | null)[]): string => texts.filter((text) => text !== null).join(' ')
