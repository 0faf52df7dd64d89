import { describe, expect, test } from 'vitest'
import { describeSignatureFault } from '../../../src/approvals/rules/signature-refusals.ts'

const asked = { namespace: 'cutter.cut.SG1', allowedSigners: './allowed_signers', at: new Date(0) }
const key = { keyType: 'ED25519', fingerprint: 'SHA256:abc' }
const hints = (principal: string) =>
  [{ kind: 'not-listed' as const, key, listedFor: [] }, { kind: 'no-allowed-signers' as const }].map(
    (fault) => describeSignatureFault(fault, { ...asked, principal }).next,
  )

describe('describeSignatureFault', () => {
  test.each(['alice@example.org', 'Điều', "o'brien"])('offers a command that lists %s', (principal) => {
    for (const hint of hints(principal)) expect(hint).toContain('>> ./allowed_signers')
  })

  test.each([
    ...['*', '*@example.org', 'alice?example.org', '!mallory,*', 'alice,*', 'alice bob', '"alice"', '#alice'],
    ...['alice\n*', 'ali\u200bce', ''],
  ])('offers no command that lists %j, because OpenSSH would admit others by it', (principal) => {
    for (const hint of hints(principal)) {
      expect(hint).not.toContain('>>')
      expect(hint).toContain('a line that has an exact name, without a pattern')
    }
  })
})
