import { describe, expect, test } from 'vitest'
import { faultOfUrl, isAllowedAddress, PUBLIC_DESTINATIONS } from './destination.ts'

const LOOPBACK = { http: true, networks: ['127.0.0.0/8', '::1/128'] }

describe('an address', () => {
  test.each([
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.254', '127.0.0.1', '127.8.8.8'],
    ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1'],
    ...['192.168.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '224.0.0.1', '239.1.1.1', '240.0.0.1'],
    ...[
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::7f00:1',
      'fe80::1',
      'fc00::1',
    ],
    ...['fd12:3456::1', 'ff02::1', '2002:7f00:1::', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2001::1'],
    ...['2001:db8::1', '100::1', 'fec0::1', '2001:10::1', 'no address', ''],
  ])('that is not public is refused: %s', (address) => {
    expect(isAllowedAddress(address, PUBLIC_DESTINATIONS)).toBe(false)
  })

  test.each(['1.1.1.1', '8.8.8.8', '193.0.0.1', '2606:4700:4700::1111', '2a00:1450:4001::200e'])(
    'that is public is taken: %s',
    (address) => {
      expect(isAllowedAddress(address, PUBLIC_DESTINATIONS)).toBe(true)
    },
  )

  test('of an allowed network is taken, and none beside it', () => {
    expect(isAllowedAddress('127.0.0.1', LOOPBACK)).toBe(true)
    expect(isAllowedAddress('::1', LOOPBACK)).toBe(true)
    expect(isAllowedAddress('10.0.0.1', LOOPBACK)).toBe(false)
    expect(isAllowedAddress('::ffff:127.0.0.1', LOOPBACK)).toBe(false)
  })
})

describe('a URL', () => {
  test.each([
    ['http://receiver.example/hook', 'it must be https'],
    ['ftp://receiver.example/', 'it must be https'],
    ['file:///etc/passwd', 'it must be https'],
    ['javascript:alert(1)', 'it must be https'],
    ['receiver.example', 'it is no URL'],
    ['https://', 'it is no URL'],
    ['https://user@receiver.example/', 'it must not carry a user or a password'],
    ['https://user:pass@receiver.example/', 'it must not carry a user or a password'],
    ['https://receiver.example/#part', 'it must not carry a fragment'],
    ['https://receiver.example:22/', 'its port must be 443 or at least 1024'],
    ['https://receiver.example:80/', 'its port must be 443 or at least 1024'],
    ['https://127.0.0.1/', 'its address is not public'],
    ['https://127.1/', 'its address is not public'],
    ['https://2130706433/', 'its address is not public'],
    ['https://0x7f.0.0.1/', 'its address is not public'],
    ['https://0177.0.0.1/', 'its address is not public'],
    ['https://１２７.０.０.１/', 'its address is not public'],
    ['https://127.0.0.1./', 'its address is not public'],
    ['https://169.254.169.254/latest/meta-data/', 'its address is not public'],
    ['https://[::1]/', 'its address is not public'],
    ['https://[::ffff:169.254.169.254]/', 'its address is not public'],
    ['https://[64:ff9b::a9fe:a9fe]/', 'its address is not public'],
    ['https://localhost/', 'its host is no public name'],
    ['https://LOCALHOST./', 'its host is no public name'],
    ['https://hook.localhost/', 'its host is no public name'],
    ['https://redis/', 'its host is no public name'],
    [`https://receiver.example/${'x'.repeat(2_000)}`, 'it is longer than 2000 characters'],
  ])('is refused: %s', (url, fault) => {
    expect(faultOfUrl(url, PUBLIC_DESTINATIONS)).toBe(fault)
  })

  test.each([
    'https://receiver.example/hook?tenant=1',
    'https://receiver.example:8443/',
    'https://1.1.1.1/',
    'https://[2606:4700:4700::1111]/',
  ])('is taken: %s', (url) => {
    expect(faultOfUrl(url, PUBLIC_DESTINATIONS)).toBe(null)
  })

  test('into an allowed network is taken where that is set, over http too', () => {
    expect(faultOfUrl('http://127.0.0.1:9000/hook', LOOPBACK)).toBe(null)
    expect(faultOfUrl('http://localhost:9000/hook', LOOPBACK)).toBe(null)
    expect(faultOfUrl('http://10.0.0.1:9000/hook', LOOPBACK)).toBe('its address is not public')
  })
})
