import { afterAll, expect, test } from 'vitest'
import { countRsaBits, parseHostKey } from '../../../src/targets/ssh/known-hosts.ts'
import { describeWithKeys, openKeyFolder } from '../../support/ssh-keys.ts'

describeWithKeys('a key of ssh-keygen', () => {
  const keys = openKeyFolder()
  afterAll(() => keys.remove())
  const blobOf = (name: string) => Buffer.from(keys.publicKey(name).split(' ')[1]!, 'base64')

  test('has its bits counted when it is of RSA', () => {
    keys.key('rsa', { type: 'rsa' })
    expect(countRsaBits(blobOf('rsa'))).toBe(3072)
  })

  test('has no bits to count when it is of another type', () => {
    keys.key('ecdsa', { type: 'ecdsa' })
    expect(parseHostKey(blobOf('ecdsa')).type).toBe('ecdsa-sha2-nistp256')
    expect(countRsaBits(blobOf('ecdsa'))).toBeNull()
  })
})
