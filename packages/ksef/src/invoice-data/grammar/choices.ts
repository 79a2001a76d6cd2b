import type * as z from 'zod'

/** Fields that exclude each other: of `one` exactly one is given, of `few` at most one. */
export type Choices = { one?: readonly (readonly string[])[]; few?: readonly (readonly string[])[] }

/** Tells, at the fields themselves, what is given too much or not at all. */
export function checkChoices(
  data: object,
  { one = [], few = [] }: Choices,
  context: Pick<z.core.$RefinementCtx, 'addIssue'>,
): void {
  for (const names of [...one, ...few]) {
    const given = names.filter((name) => Reflect.get(data, name) !== undefined)
    const [first, second] = given
    if (first !== undefined && second !== undefined)
      context.addIssue({
        code: 'custom',
        path: [second],
        message: `\`${first}\` and \`${second}\` exclude each other.`,
        params: { code: 'INVOICE_FIELDS_EXCLUDE' },
      })
    if (first === undefined && one.includes(names))
      context.addIssue({
        code: 'custom',
        path: names.slice(0, 1),
        message: `One of ${names.map((name) => `\`${name}\``).join(', ')} is needed.`,
        params: { code: 'INVOICE_FIELD_MISSING' },
      })
  }
}
