import { expect, test } from 'vitest'
import { addressesIn, isAddressRange } from '../../src/config/address-range.ts'

test.each([
  ['10.0.0.5', true],
  ['10.0.0.0/8', true],
  ['::1', true],
  ['fd00::/8', true],
  ['10.0.0.0/33', false],
  ['10.0.0.0/', false],
  ['10.0.0.0/8/8', false],
  ['proxy.example.org', false],
  ['', false],
])('%s is a range of addresses: %s', (text, is) => expect(isAddressRange(text)).toBe(is))

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['11.1.2.3', false],
  ['::1', true],
  ['fd00::1', true],
  ['fe00::1', false],
  ['', false],
])('%s lies in the ranges: %s', (address, lies) =>
  expect(addressesIn(['10.0.0.0/8', '::1', 'fd00::/8'])(address)).toBe(lies),
)
