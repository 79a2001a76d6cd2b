/** A document form as sessions name it (schema FormCode), with the schema that judges it. */
export type FormCode = { systemCode: string; schemaVersion: string; value: string }

export type SupportedForm = { formCode: FormCode; schemaFile: string }

/** Forms of the environment TEST that this storey takes: FA(2) and FA(3) (srodowiska.md). */
export const SUPPORTED_FORMS: readonly SupportedForm[] = [
  {
    formCode: { systemCode: 'FA (2)', schemaVersion: '1-0E', value: 'FA' },
    schemaFile: 'schemat_FA(2)_v1-0E.xsd',
  },
  {
    formCode: { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' },
    schemaFile: 'schemat_FA(3)_v1-0E.xsd',
  },
]

export const findForm = (wanted: FormCode): SupportedForm | undefined =>
  SUPPORTED_FORMS.find(
    ({ formCode }) =>
      formCode.systemCode === wanted.systemCode &&
      formCode.schemaVersion === wanted.schemaVersion &&
      formCode.value === wanted.value,
  )
