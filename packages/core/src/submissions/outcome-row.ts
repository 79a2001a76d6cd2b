import type { Actor } from '../companies/finding.ts'

/** The same sentence for the people of a Polish company and for those who write the program. */
export type Words = { readonly pl: string; readonly en: string }

/**
 * Whether trying again helps, and who tries.
 *
 * automatic        nobody has to act: the fleet goes on by itself.
 * automatic-after  once what stands in the way is mended, the fleet goes on by itself.
 * helps-after      once what stands in the way is mended, somebody says so: release of a held one, retry of a rejected one.
 * no               nothing is to be tried again: it arrived, or KSeF would refuse the very same document again.
 */
export const RETRIES = ['automatic', 'automatic-after', 'helps-after', 'no'] as const
export type Retry = (typeof RETRIES)[number]

/** What is so, who must act, whether trying again helps, and what to do. */
export type OutcomeRow = {
  readonly actor: Actor
  readonly retry: Retry
  readonly meaning: Words
  readonly whatToDo: Words
}
