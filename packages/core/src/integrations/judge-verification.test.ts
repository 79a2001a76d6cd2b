import { randomBytes } from 'node:crypto'
import type { GrantedPermission } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { carriesGrantCode, newGrantCode } from './grant-code.ts'
import type { NipProof } from './integration.ts'
import { judgeVerification, type Seen } from './judge-verification.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const CONTEXT = { type: 'Nip', value: '5265877635' } as const
const CODE = newGrantCode(randomBytes)
const grant = (more: Partial<GrantedPermission> = {}): GrantedPermission => ({
  id: 'g',
  permissionScope: 'InvoiceWrite',
  permissionState: 'Active',
  description: `Biuro ${CODE}`,
  contextIdentifier: CONTEXT,
  startDate: NOW,
  canDelegate: false,
  ...more,
})
const judge = (seen: Partial<Seen>, nipProof: NipProof | null = null) =>
  judgeVerification(
    { scopes: ['InvoiceRead', 'InvoiceWrite'], context: CONTEXT, grantCode: CODE, nipProof },
    { byOwnCredential: false, grants: [], claimed: [], ...seen },
    NOW,
  )

describe('the permissions in force', () => {
  test('are those of active grants in this context and those the token names', () => {
    const seen = {
      grants: [
        grant(),
        grant({ permissionScope: 'CredentialsRead', permissionState: 'Inactive' }),
        grant({
          permissionScope: 'Introspection',
          contextIdentifier: { type: 'Nip', value: '1111111111' },
        }),
      ],
      claimed: ['InvoiceRead'],
    }
    expect(judge(seen)).toMatchObject({
      permissionsInForce: ['InvoiceRead', 'InvoiceWrite'],
      missing: [],
    })
  })

  test('that are wanted and not there are named', () => {
    expect(judge({ grants: [grant()] }).missing).toEqual(['InvoiceRead'])
    expect(judge({}).missing).toEqual(['InvoiceRead', 'InvoiceWrite'])
  })

  test('of an owner are all of them, also where the list may not be asked for', () => {
    expect(judge({ grants: null, claimed: ['Owner'] }).missing).toEqual([])
  })
})

describe('the proof of a NIP', () => {
  test('is the own credential, the code in a grant, or an attestation, and otherwise there is none', () => {
    const attested = { method: 'attested', at: NOW, by: 'key:1' } as const
    expect(judge({ byOwnCredential: true }).proof?.method).toBe('own-credential')
    expect(judge({ grants: [grant()] }).proof?.method).toBe('grant-code')
    expect(judge({}, attested).proof).toEqual(attested)
    expect(judge({ claimed: ['Owner', 'InvoiceWrite'] }).proof).toBeNull()
  })

  test('found once does not stand when it is not found again', () => {
    expect(judge({}, { method: 'grant-code', at: NOW, by: null }).proof).toBeNull()
    expect(judge({}, { method: 'own-credential', at: NOW, by: null }).proof).toBeNull()
  })

  test.each([
    ['of another context', grant({ contextIdentifier: { type: 'Nip', value: '1111111111' } })],
    [
      'of another kind of context',
      grant({ contextIdentifier: { type: 'InternalId', value: CONTEXT.value } }),
    ],
    ['that is not active', grant({ permissionState: 'Inactive' })],
    ['with half of the code', grant({ description: CODE.slice(0, -3) })],
    ['without words', grant({ description: '' })],
  ])('is no grant %s', (_, unfit) => {
    expect(judge({ grants: [unfit] }).proof).toBeNull()
  })

  test('survives how people copy a code', () => {
    for (const description of [CODE.toLowerCase(), CODE.replaceAll('-', ' '), `Umowa nr 7/${CODE}, biuro`])
      expect(
        carriesGrantCode([grant({ description })], { grantCode: CODE, context: CONTEXT }),
        description,
      ).toBe(true)
  })
})

test('a code is never made twice, and has no letter that is mistaken for another', () => {
  const codes = Array.from({ length: 1_000 }, () => newGrantCode(randomBytes))
  expect(new Set(codes).size).toBe(1_000)
  for (const code of codes) expect(code).toMatch(/^FLEET(-[0-9A-HJKMNP-TV-Z]{4}){4}$/)
})
