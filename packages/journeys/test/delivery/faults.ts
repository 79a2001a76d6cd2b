/** Operations of KSeF by what the stories call them, and the answers it may give instead. */
import type { DeliveryFleet } from './delivery-fleet.ts'

export const SEND = 'POST /sessions/online/{referenceNumber}/invoices'
export const OPEN = 'POST /sessions/online'
export const CLOSE = 'POST /sessions/online/{referenceNumber}/close'
export const LIST = 'GET /sessions/{referenceNumber}/invoices'
export const ONE = 'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}'
export const SESSION = 'GET /sessions/{referenceNumber}'
export const OPEN_BATCH = 'POST /sessions/batch'
export const CLOSE_BATCH = 'POST /sessions/batch/{referenceNumber}/close'
export const UPO_LINK = 'GET /storage/upo'

type Mode = 'drop-answer-after-effect' | 'reset-before-effect' | 'cut-body-after-effect' | 'status' | 'delay'
type More = {
  times?: number
  /** Without end, each fitting call with this probability. */
  probability?: number
  skip?: number
  afterEffect?: boolean
  httpStatus?: number
  body?: unknown
  headers?: Record<string, string>
  ms?: number
}

export const arm = (fleet: DeliveryFleet, operation: string, fault: { mode: Mode } & More): Promise<void> =>
  fleet.control('POST', '/faults', { operation, ...fault })

/** KSeF answers with this status instead of doing what it is asked. */
export const answerWith = (
  fleet: DeliveryFleet,
  operation: string,
  answer: { httpStatus: number } & More,
): Promise<void> => arm(fleet, operation, { mode: 'status', ...answer })

/** The body of a 400. */
export const exception = (exceptionCode: number) => ({
  exception: {
    serviceCode: 'story',
    exceptionDetailList: [{ exceptionCode, exceptionDescription: 'opis', details: ['szczegół'] }],
  },
})

export async function calm(fleet: DeliveryFleet): Promise<void> {
  await fleet.control('DELETE', '/faults')
  await fleet.control('POST', '/list-lag', { ms: 0 })
}
