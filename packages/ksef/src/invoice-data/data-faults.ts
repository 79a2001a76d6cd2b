/** What is wrong with the data of an invoice, told as faults at their JSON pointers. */
import type * as z from 'zod'
import {
  FAULTS_MAX,
  fault,
  INVOICE_FAULTS,
  type InvoiceFault,
  type InvoiceFaultCode,
} from '../documents/invoice-fault.ts'

const escaped = (step: PropertyKey): string => String(step).replaceAll('~', '~0').replaceAll('/', '~1')
export const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((step) => `/${escaped(step)}`).join('')

export const dataFault = (code: InvoiceFaultCode, pointer: string, message?: string): InvoiceFault =>
  fault(code, message, { pointer })

const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined),
    data,
  )

function codeOf(issue: z.core.$ZodIssue, data: unknown): InvoiceFaultCode {
  if (issue.code === 'custom') {
    const named = issue.params?.['code']
    return typeof named === 'string' && named in INVOICE_FAULTS
      ? (named as InvoiceFaultCode)
      : 'INVOICE_FIELD_INVALID'
  }
  return valueAt(data, issue.path) === undefined ? 'INVOICE_FIELD_MISSING' : 'INVOICE_FIELD_INVALID'
}

/** @param data what was parsed, to tell what is missing from what is wrong */
export function faultsOfIssues(issues: readonly z.core.$ZodIssue[], data: unknown): InvoiceFault[] {
  const faults = issues.flatMap((issue): InvoiceFault[] => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key, index) =>
        dataFault('INVOICE_FIELD_UNKNOWN', pointerOf([...issue.path, key]), issue.message.split('\n')[index]),
      )
    const code = codeOf(issue, data)
    const message = code === 'INVOICE_FIELD_MISSING' && issue.code !== 'custom' ? undefined : issue.message
    return [dataFault(code, pointerOf(issue.path), message)]
  })
  return faults.slice(0, FAULTS_MAX)
}
