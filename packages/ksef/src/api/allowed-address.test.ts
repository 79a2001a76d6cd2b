import { expect, test } from 'vitest'
import { allowedAddress } from './allowed-address.ts'

test.each([
  ['https://api.ksef.mf.gov.pl/storage/x?sig=1', true],
  ['https://ksef-storage.mf.gov.pl/storage/x', true],
  ['https://files.example.pl/x', true],
  ['https://other.example.pl:8443/x', true],
  ['https://other.example.pl/x', false],
  ['http://api.ksef.mf.gov.pl/storage/x', false],
  ['http://ksef-storage.mf.gov.pl/storage/x', false],
  ['http://files.example.pl/x', false],
  ['https://api.ksef.mf.gov.pl:8443/x', false],
  ['https://api.ksef.mf.gov.pl.example.com/x', false],
  ['https://xmf.gov.pl/x', false],
  ['https://api.ksef.mf.gov.pl@example.com/x', false],
  ['https://someone@api.ksef.mf.gov.pl/x', false],
  ['https://api.ksef.mf.gov.pl./x', false],
  ['https://evil.files.example.pl/x', false],
  ['https://169.254.169.254/x', false],
  ['file:///etc/passwd', false],
  ['javascript:alert(1)', false],
])('by the production KSeF with two more hosts allowed, %s may be fetched: %s', (address, allowed) => {
  const base = new URL('https://api.ksef.mf.gov.pl/v2')
  const hosts = ['files.example.pl', 'other.example.pl:8443']
  expect(allowedAddress(address, base, hosts) !== null).toBe(allowed)
})

test('what is no KSeF of the Ministry’s leads to itself and to no host of the Ministry’s', () => {
  const local = new URL('http://127.0.0.1:8080/v2')
  expect(allowedAddress('http://127.0.0.1:8080/storage/1', local, [])).not.toBeNull()
  expect(allowedAddress('https://api.ksef.mf.gov.pl/storage/1', local, [])).toBeNull()
})
