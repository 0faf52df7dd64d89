import { describe, expect, test } from 'vitest'
import type { Json } from '../../../src/domain/json.ts'
import { type AdoptedRelease, liesOn, readAdopted } from '../../../src/effects/deploy/adopted-release.ts'

const RELEASE: AdoptedRelease = {
  run: 'idep-1',
  plan: 'sha256:a',
  built: null,
  bundle: 'b',
  signers: ['alice@example.org'],
  commit: 'c',
  host: { name: 'shop1', hostKey: 'ssh-ed25519 SHA256:k', machineId: 'm1' },
  target: '/srv/app/releases/r',
  manifest: 'd',
}
const of = { plan: 'sha256:e', host: 'web1' }
const adoption = (adopted: unknown, outcome = 'succeeded', machine = 'adopt') =>
  ({ machine, outcome, output: { ofRun: 'idep-1', adopted } as Json }) as Parameters<typeof readAdopted>[0]

describe('readAdopted', () => {
  test.each([
    ['the record of one host, as it always was', RELEASE, [RELEASE]],
    ['one record for each of several hosts', [{ ...RELEASE, of }, RELEASE], [{ ...RELEASE, of }, RELEASE]],
    ['nothing of another shape', { run: 'idep-1' }, []],
  ])('reads %s', (_, adopted, expected) => {
    expect(readAdopted(adoption(adopted))).toEqual(expected)
  })

  test('reads nothing of a run that was cancelled, or of another machine', () => {
    expect(readAdopted(adoption(RELEASE, 'cancelled'))).toEqual([])
    expect(readAdopted(adoption(RELEASE, 'succeeded', 'deploy'))).toEqual([])
  })
})

describe('liesOn', () => {
  test.each([
    ['the key and the id of the release', {}, true],
    ['another key', { hostKey: 'ssh-ed25519 SHA256:other' }, false],
    ['the same key from the same image, and another id', { machineId: 'm2' }, false],
  ])('compares a host with %s', (_, other, expected) => {
    expect(liesOn(RELEASE, { ...RELEASE.host, ...other })).toBe(expected)
  })
})
