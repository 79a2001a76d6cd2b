import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CredentialVersion, UsableCredential } from '../credentials/credential.ts'
import { CompanyId, CredentialId } from '../identifiers.ts'
import { chooseCredential, rankCredentials, whyNone } from './choose-credential.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000)
const COMPANY = CompanyId.parse('0190a6d0-0000-7000-8000-000000000001')
const OTHER = CompanyId.parse('0190a6d0-0000-7000-8000-000000000002')
const CONTEXT = { type: 'Nip', value: '5265877635' } as const
const OWNER = { companyId: COMPANY, context: CONTEXT, nipProof: null }

let ids = 0
function credential(
  more: Partial<Omit<UsableCredential, 'version'>> = {},
  version: Partial<CredentialVersion> = {},
): UsableCredential {
  const id = CredentialId.parse(`0190a6d0-0000-7000-8000-${String(++ids).padStart(12, '0')}`)
  return {
    id,
    companyId: COMPANY,
    environment: 'test',
    name: 'faktury',
    kind: 'certificate',
    context: null,
    secretRef: 'ref',
    state: 'active',
    autoRenew: false,
    createdAt: NOW,
    endedAt: null,
    ...more,
    version: {
      credentialId: id,
      number: 1,
      state: 'active',
      origin: 'supplied',
      secretVersion: 'v',
      referenceNumber: null,
      serialNumber: null,
      fingerprint: null,
      subject: null,
      notBefore: days(-10),
      notAfter: days(10),
      failure: null,
      nextStepAt: null,
      tries: 0,
      nextNoticeAt: null,
      createdAt: NOW,
      activatedAt: NOW,
      retiredAt: null,
      erasedAt: null,
      ...version,
    },
  }
}
const token = (more: Parameters<typeof credential>[0] = {}) =>
  credential({ kind: 'token', context: CONTEXT, ...more }, { notBefore: null, notAfter: null })

describe('the credential that signs in', () => {
  test('is not the provider’s where the company’s own was the proof of its NIP', () => {
    const [provider, expired] = [credential({ companyId: null }), credential({}, { notAfter: days(-1) })]
    const proved = (method: 'own-credential' | 'grant-code' | 'attested') => ({
      ...OWNER,
      nipProof: { method, at: NOW, by: null },
    })
    const choice = chooseCredential([expired, provider], proved('own-credential'), NOW)
    expect(choice).toMatchObject({ chosen: null, passedOver: [{ code: 'CREDENTIAL_EXPIRED' }] })
    expect(chooseCredential([expired, provider], proved('grant-code'), NOW).chosen).toBe(provider)
    expect(chooseCredential([expired, provider], proved('attested'), NOW).chosen).toBe(provider)
  })

  test('is the company’s own before the provider’s, a certificate before a token, in whatever order they come', () => {
    const ownCertificate = credential()
    const ownToken = token()
    const provider = credential({ companyId: null })
    fc.assert(
      fc.property(
        fc.shuffledSubarray([ownCertificate, ownToken, provider], { minLength: 3, maxLength: 3 }),
        (all) => {
          expect(rankCredentials(all, OWNER, NOW).fitting).toEqual([ownCertificate, ownToken, provider])
        },
      ),
    )
    expect(chooseCredential([provider, ownToken], OWNER, NOW).chosen).toBe(ownToken)
  })

  test('is among equals the one that lasts longest', () => {
    const [short, long] = [credential({}, { notAfter: days(5) }), credential({}, { notAfter: days(50) })]
    expect(chooseCredential([short, long], OWNER, NOW).chosen).toBe(long)
  })

  test.each([
    ['expired', credential({}, { notAfter: NOW }), 'CREDENTIAL_EXPIRED'],
    ['not valid yet', credential({}, { notBefore: days(1) }), 'CREDENTIAL_NOT_YET_VALID'],
    [
      'a token of another context',
      token({ context: { type: 'Nip', value: '1111111111' } }),
      'CREDENTIAL_WRONG_CONTEXT',
    ],
    [
      'a token of the same number in another kind of context',
      token({ context: { type: 'InternalId', value: CONTEXT.value } }),
      'CREDENTIAL_WRONG_CONTEXT',
    ],
    ['a token without a context', token({ context: null }), 'CREDENTIAL_WRONG_CONTEXT'],
    ['another company’s', credential({ companyId: OTHER }), 'CREDENTIAL_WRONG_CONTEXT'],
    [
      'refused by KSeF in every context',
      credential({}, { failure: { code: 'CREDENTIAL_REFUSED' } }),
      'CREDENTIAL_REFUSED',
    ],
  ])('is never one that is %s, and the reason is kept', (_, bad, code) => {
    const provider = credential({ companyId: null })
    expect(chooseCredential([bad, provider], OWNER, NOW)).toEqual({
      chosen: provider,
      passedOver: [{ credential: bad, code }],
    })
    const none = chooseCredential([bad], OWNER, NOW)
    expect(none.chosen).toBeNull()
    expect(whyNone(none.passedOver)).toBe(code)
  })

  test('a failure of a rotation is no refusal of the version that signs in', () => {
    const one = credential({}, { failure: { code: 'ROTATION_FAILED' } })
    expect(chooseCredential([one], OWNER, NOW).chosen).toBe(one)
  })

  test('where there is none the most telling reason is told, the company’s own first', () => {
    expect(whyNone([])).toBe('CREDENTIAL_MISSING')
    const wrong = {
      credential: token({ context: { type: 'Nip', value: '1111111111' } }),
      code: 'CREDENTIAL_WRONG_CONTEXT' as const,
    }
    const providers = { credential: credential({ companyId: null }), code: 'CREDENTIAL_REFUSED' as const }
    const own = { credential: credential(), code: 'CREDENTIAL_EXPIRED' as const }
    expect(whyNone([wrong, providers, own])).toBe('CREDENTIAL_EXPIRED')
    expect(whyNone([wrong, providers])).toBe('CREDENTIAL_REFUSED')
    expect(whyNone([wrong])).toBe('CREDENTIAL_WRONG_CONTEXT')
  })
})
