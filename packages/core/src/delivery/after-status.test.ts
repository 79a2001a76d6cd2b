import { INVOICE_STATUSES, ksefNumberCrc, type SessionInvoice } from '@ksef-fleet/ksef'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Nip } from '../identifiers.ts'
import { afterStatus, LOOKS_MAX, numberFor, sinceSaid } from './after-status.ts'

const NIP = Nip.parse('5265877635')
const numberOf = (nip: string) => {
  const body = `${nip}-20261122-0123456789AB`
  return `${body}-${ksefNumberCrc(body)}`
}
const seen = (code: number, more: Partial<SessionInvoice> = {}): SessionInvoice => ({
  referenceNumber: 'R',
  status: { code, description: 'opis', details: ['a'], extensions: {} },
  ...more,
})
const after = (code: number, more: Partial<SessionInvoice> = {}, polls = 0) =>
  afterStatus({ sellerNip: NIP, polls }, seen(code, more))

describe('after a status', () => {
  test.each([
    [100, 'wait'],
    [150, 'wait'],
    [405, 'pending'],
    [410, 'held'],
    [415, 'rejected'],
    [430, 'rejected'],
    [435, 'pending'],
    [440, 'resolve-duplicate'],
    [450, 'rejected'],
    [500, 'wait'],
    [550, 'pending'],
  ])('%d leads to %s', (code, to) => {
    expect(after(code).to).toBe(to)
  })

  test('every status of the contract is answered above or is 200', () => {
    expect(Object.keys(INVOICE_STATUSES).map(Number)).toEqual([
      100, 150, 200, 405, 410, 415, 430, 435, 440, 450, 500, 550,
    ])
  })

  test('200 with its number registers it', () => {
    const ksefNumber = numberOf(NIP)
    expect(after(200, { ksefNumber, invoicingMode: 'Offline', upoDownloadUrl: 'https://x' })).toEqual({
      to: 'registered',
      ksefNumber,
      invoicingMode: 'Offline',
      upoDownloadUrl: 'https://x',
    })
  })

  test('200 without a number, with a broken one or with another seller’s is no success', () => {
    const numbers = [
      undefined,
      '',
      numberOf(NIP).slice(0, -2),
      `${numberOf(NIP).slice(0, -2)}ZZ`,
      numberOf('1234563218'),
    ]
    for (const ksefNumber of numbers) {
      const result = after(200, ksefNumber === undefined ? {} : { ksefNumber })
      expect(result).toMatchObject({ to: 'held', reason: { code: 'KSEF_UNKNOWN_ANSWER' } })
    }
  })

  test('a status this version does not know is neither success nor failure', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }).filter((code) => !(code in INVOICE_STATUSES)),
        (code) => {
          expect(after(code, { ksefNumber: numberOf(NIP) })).toMatchObject({
            to: 'held',
            reason: { code: 'KSEF_UNKNOWN_ANSWER', ksefCode: code },
          })
        },
      ),
    )
  })

  test('a word that was long in coming leaves the patience for the next one whole', () => {
    const known = { sellerNip: NIP, polls: LOOKS_MAX, reason: { code: 'KSEF_PROCESSING', ksefCode: 150 } }
    const nowFailed = sinceSaid(known, seen(500))
    expect(nowFailed.polls).toBe(0)
    expect(afterStatus(nowFailed, seen(500)).to).toBe('wait')
    const stillFailed = { ...nowFailed, polls: LOOKS_MAX, reason: { ...known.reason, ksefCode: 500 } }
    expect(sinceSaid(stillFailed, seen(500))).toBe(stillFailed)
    expect(afterStatus(stillFailed, seen(500)).to).toBe('held')
  })

  test('500 is asked about again a few times, then a person looks; it is never sent again by itself', () => {
    expect(after(500, {}, 10).to).toBe('wait')
    expect(after(500, {}, 11)).toMatchObject({ to: 'held', reason: { code: 'DELIVERY_KEEPS_FAILING' } })
  })

  test('440 names the original as far as KSeF does', () => {
    expect(after(440)).toEqual({ to: 'resolve-duplicate', originalKsefNumber: null, originalSession: null })
    const named = { originalKsefNumber: 'N', originalSessionReferenceNumber: 'S' }
    expect(after(440, named)).toEqual({
      to: 'resolve-duplicate',
      originalKsefNumber: 'N',
      originalSession: 'S',
    })
  })

  test('only a number of the seller with its checksum is taken for one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        expect(numberFor({ sellerNip: NIP }, text)).toBeNull()
      }),
    )
    expect(numberFor({ sellerNip: NIP }, numberOf(NIP))).toBe(numberOf(NIP))
  })
})
