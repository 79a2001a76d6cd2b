/** docs/RULES.md, written from the rules themselves: `node scripts/rules-page.ts` writes it, a test compares. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RULE_GROUPS, RULES, type Rule } from '../src/rules/index.ts'

export const RULES_PAGE = fileURLToPath(new URL('../../../docs/RULES.md', import.meta.url))

const INTRODUCTION = `# Rules

What \`POST /v1/companies/{companyId}/invoices/validate\` holds an invoice against beyond its schema, and \`checkInvoice\` of
\`packages/ksef\` with it. Bytes, well-formedness, form and schema come first, with the codes of [errors](ERRORS.md); a document
that breaks them cannot be read by a rule. What passes is held against every rule below, and all findings are told at once, of one
rule at most 20. Amounts are exact decimals.

A finding has the rule's code, a severity, words in Polish and English with the values that stand in the invoice, what to do, the
source, and line and XPath. An invoice is valid when none of its findings is an error.

- **error**: KSeF refuses the invoice, or the VAT act or the schema's own documentation forbids it beyond doubt.
- **warning**: most likely a slip, or something the buyer or an auditor will ask about; there are lawful invoices like it.
- **error on production**: a checksum. Elsewhere invented numbers are normal, and it warns.

KSeF itself looks at little: \`INVOICE_DATED_IN_FUTURE\`, \`INVOICE_NIP_CHECKSUM\` on production, the schema, and whether a number is
taken. It takes all else that is wrong here, and the invoice is issued with its error. So posting an invoice refuses only what KSeF would
refuse, and with \`validate=strict\` every error of a rule as well; ask for a validation before, where you want to see all findings. Two
findings come from the fleet and no rule: \`INVOICE_SELLER_MISMATCH\`, and \`INVOICE_DUPLICATE\` where the number is taken by an invoice
of the company's that was not rejected.

Articles are those of the Polish VAT act (ustawa o podatku od towarów i usług) where no other act is named. "XSD" is the
documentation within the schema. Rules hold for FA(3), and for FA(2) as far as it has the same fields. Each is a declaration in
\`packages/ksef/src/rules/declarations\`, with an invoice that keeps it and one that does not; this page is written from them by
\`pnpm --filter @ksef-fleet/ksef rules-page\`.
`

const SEVERITY = { error: 'error', warning: 'warning', 'error-on-production': 'error on production' } as const

const cell = (text: string): string => text.replaceAll('|', '\\|')

const row = (rule: Rule): string =>
  `| \`${rule.code}\` | ${SEVERITY[rule.severity]} | ${cell(rule.says.en)} | ${cell(rule.help.en)} | ${cell(rule.source)} |`

const section = ([title, rules]: [string, readonly Rule[]]): string =>
  [
    `## ${title}`,
    '',
    '| code | severity | finds | what to do | source |',
    '|---|---|---|---|---|',
    ...rules.map(row),
    '',
  ].join('\n')

/** The whole page. */
export const rulesPage = (): string =>
  [INTRODUCTION, `There are ${RULES.length} rules.`, '', ...Object.entries(RULE_GROUPS).map(section)].join(
    '\n',
  )

if (import.meta.main) writeFileSync(RULES_PAGE, rulesPage())
