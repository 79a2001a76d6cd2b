/** The form of an invoice as an opening request names it (OpenAPI `FormCode`). */
export type FormCode = {
  readonly systemCode: 'FA (2)' | 'FA (3)' | 'FA_RR (1)'
  readonly schemaVersion: '1-0E' | '1-1E'
  readonly value: 'FA' | 'FA_RR'
}

export type SystemCode = FormCode['systemCode']

/** One form: its code, the namespace of its documents and the file name of its schema. */
type Form = { readonly code: FormCode; readonly namespace: string; readonly schemaFile: string }

/** The forms this client reads and validates. TEST takes FA(2) too; DEMO and PRD do not (srodowiska.md). */
export const FORMS = {
  'FA (2)': {
    code: { systemCode: 'FA (2)', schemaVersion: '1-0E', value: 'FA' },
    namespace: 'http://crd.gov.pl/wzor/2023/06/29/12648/',
    schemaFile: 'schemat_FA(2)_v1-0E.xsd',
  },
  'FA (3)': {
    code: { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' },
    namespace: 'http://crd.gov.pl/wzor/2025/06/25/13775/',
    schemaFile: 'schemat_FA(3)_v1-0E.xsd',
  },
  'FA_RR (1)': {
    code: { systemCode: 'FA_RR (1)', schemaVersion: '1-1E', value: 'FA_RR' },
    namespace: 'http://crd.gov.pl/wzor/2026/03/06/14189/',
    schemaFile: 'schemat_FA_RR(1)_v1-1E.xsd',
  },
} as const satisfies Record<SystemCode, Form>

/** The form whose documents live in this namespace; null when there is none. */
export const formOfNamespace = (namespace: string): FormCode | null =>
  Object.values(FORMS).find((form) => form.namespace === namespace)?.code ?? null
