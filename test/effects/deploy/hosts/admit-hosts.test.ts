import { describe, expect, test } from 'vitest'
import { admitHosts } from '../../../../src/effects/deploy/hosts/admit-hosts.ts'

describe('admitHosts', () => {
  test('takes the names of several hosts, and leaves one host as it is', () => {
    expect(admitHosts({ host: 'web1' })).toEqual({})
    expect(admitHosts({ host: 'web1,web2', serial: '1', canary: 'web2', maxFailures: '1' })).toEqual({
      host: 'web1,web2',
    })
  })

  test('says what to do where several hosts at a time were asked for', () => {
    const refused = () => admitHosts({ host: 'web1,web2', serial: '2' })
    expect(refused).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', next: expect.stringContaining('--serial 1') }),
    )
  })

  test.each([
    [{ host: 'web1', canary: 'web1' }, '--canary needs several hosts'],
    [{ host: 'web1', serial: '1' }, '--serial needs several hosts'],
    [{ host: 'web1', maxFailures: '0' }, '--max-failures needs several hosts'],
    [{ host: 'web1,' }, 'names an empty host'],
    [{ host: 'web1,web2,web1' }, 'names web1 twice'],
    [{ host: 'web1,web2', serial: '2' }, '--serial 2 is not possible: a run works on one host at a time'],
    [{ host: 'web1,web2', canary: 'web3' }, '--canary web3 is none of the hosts web1, web2'],
    [{ host: 'web1,web2', maxFailures: '2' }, '--max-failures 2 would never halt a run with 2 hosts'],
    [{ host: Array.from({ length: 51 }, (_, n) => `web${n}`).join(',') }, 'a plan holds at most 50'],
  ])('refuses %j', (input, message) => {
    expect(() => admitHosts(input)).toThrow(message)
    expect(() => admitHosts(input)).toThrow('no host was touched')
  })
})
