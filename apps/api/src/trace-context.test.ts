import { describe, expect, test } from 'vitest'
import { traceOf } from './trace-context.ts'

const counted = (length: number) => Uint8Array.from({ length }, (_, index) => index + 1)
const OURS = '00-0102030405060708090a0b0c0d0e0f10-1112131415161718-00'

describe('traceOf', () => {
  test('carries on the trace of the caller', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect(traceOf(traceparent, counted)).toEqual({
      traceparent,
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    })
  })

  test.each([
    ['none', undefined],
    ['two', ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01']],
    ['a zero trace id', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['a zero span id', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
    ['another version', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['a line break', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\nx'],
  ])('begins a trace of its own when the header holds %s', (_, header) => {
    expect(traceOf(header, counted).traceparent).toBe(OURS)
  })
})
