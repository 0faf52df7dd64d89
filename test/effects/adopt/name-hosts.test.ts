import { describe, expect, test } from 'vitest'
import { nameHost, nameHosts } from '../../../src/effects/adopt/name-hosts.ts'
import type { ProvenHost } from '../../../src/effects/adopt/proven-hosts.ts'

const HOSTS: ProvenHost[] = ['web1', 'web2', 'web3'].map((host) => ({
  host,
  state: host === 'web3' ? 'failed' : 'live',
  why: null,
  built: null,
}))
const named = (given?: string) => Object.fromEntries(nameHosts('idep-1', HOSTS, given))

describe('nameHosts', () => {
  test.each<[string | undefined, [string, string, string]]>([
    [undefined, ['web1', 'web2', 'web3']],
    ['web1=shop1,web2=shop2', ['shop1', 'shop2', 'web3']],
    [' web2 = shop2 , web3=shop3', ['web1', 'shop2', 'shop3']],
    ['web1=web2,web2=web1', ['web2', 'web1', 'web3']],
    // The host that is passed over is asked for nothing, so that another one may have its name here.
    ['web1=web3', ['web3', 'web2', 'web3']],
  ])('reads %s', (given, [web1, web2, web3]) => {
    expect(named(given)).toEqual({ web1, web2, web3 })
  })

  test.each([
    ['shop1', 'does not say which host is which, and run idep-1 deployed to several: web1, web2, web3'],
    ['shop1,shop2', 'does not say which host is which'],
    ['web1=shop1,web2', 'does not say which host is which'],
    ['web1=shop1,', 'does not say which host is which'],
    ['web1=', 'does not say which host is which'],
    ['=shop1', 'does not say which host is which'],
    ['web1=shop1,web9=shop2', 'names web9, which is none of the hosts of run idep-1: web1, web2, web3'],
    ['web1=shop1,web1=shop2', 'names web1 twice'],
    ['web1=shop1,web2=shop1', 'web1 and web2 of run idep-1 would both be the host shop1 here'],
    ['web1=web2', 'web1 and web2 of run idep-1 would both be the host web2 here'],
    ['web1=shop1,web3=shop1', 'web1 and web3 of run idep-1 would both be the host shop1 here'],
  ])('refuses %s', (given, message) => {
    expect(() => named(given)).toThrow(message)
    expect(() => named(given)).toThrow('nothing was adopted')
  })
})

describe('nameHost', () => {
  test('takes the name of the plan, or another one', () => {
    expect(nameHost('idep-1', 'web', undefined)).toBe('web')
    expect(nameHost('idep-1', 'web', 'shop')).toBe('shop')
  })

  test.each(['web=shop', 'shop1,shop2'])('refuses the list %s', (given) => {
    expect(() => nameHost('idep-1', 'web', given)).toThrow(
      `--host ${given} names several hosts, and run idep-1 deployed to one, web; nothing was adopted`,
    )
  })
})
