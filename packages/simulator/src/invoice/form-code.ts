/** A document form as sessions name it (schema FormCode), with the schema that judges it. */
export type FormCode = { systemCode: string; schemaVersion: string; value: string }

export type SupportedForm = { formCode: FormCode; schemaFile: string }

/** Forms of the environment TEST that the simulator takes: FA(2), FA(3) and FA_RR(1); PEF is not spoken (srodowiska.md). */
export const SUPPORTED_FORMS: readonly SupportedForm[] = [
  {
    formCode: { systemCode: 'FA (2)', schemaVersion: '1-0E', value: 'FA' },
    schemaFile: 'schemat_FA(2)_v1-0E.xsd',
  },
  {
    formCode: { systemCode: 'FA (3)', schemaVersion: '1-0E', value: 'FA' },
    schemaFile: 'schemat_FA(3)_v1-0E.xsd',
  },
  {
    formCode: { systemCode: 'FA_RR (1)', schemaVersion: '1-1E', value: 'FA_RR' },
    schemaFile: 'schemat_FA_RR(1)_v1-1E.xsd',
  },
]

export const findForm = (wanted: FormCode): SupportedForm | undefined =>
  SUPPORTED_FORMS.find(
    ({ formCode }) =>
      formCode.systemCode === wanted.systemCode &&
      formCode.schemaVersion === wanted.schemaVersion &&
      formCode.value === wanted.value,
  )
