import { afterAll, beforeAll, expect, test } from 'vitest'
import { mayListByPattern, mayListName } from '../../../src/approvals/openssh/allowed-signers.ts'
import { signText } from '../../../src/approvals/openssh/sign-text.ts'
import { verifySignature } from '../../../src/approvals/openssh/verify-signature.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../../support/ssh-keys.ts'

const namespace = 'cutter.cut.SG1'
const text = '{"decision":"approve"}'

/** Principals and options as they stand before a key, and whether a name is listed by a pattern at most. */
const LINES: [string, boolean][] = [
  ['bob@example.org', false],
  ['bob@example.org namespaces="cutter.*"', false],
  ['bob@example.org namespaces="cutter.cut.SG?",valid-after="20200101"', false],
  ['"bob@example.org,carol@example.org"', false],
  ['"bob@example.org" namespaces="cutter.*"', false],
  ['\tbob@example.org\tnamespaces="cutter.*"', false],
  ['*', true],
  ['*@example.org', true],
  ['b?b@example.org', true],
  ['"carol@example.org,b*" namespaces="cutter.*"', true],
  ['bo"b@example.org" namespaces="cutter.*"', true],
  ['b"*"', true],
  ['"bob@example.org"namespaces="cutter.*"', true],
  ['*,!carol@example.org', true],
]
const NAMES = ['bob@example.org', 'carol@example.org', 'dave@example.org', 'b']

describeWithKeys('lines of allowed_signers', () => {
  let keys: KeyFolder
  let signature: string
  beforeAll(async () => {
    keys = openKeyFolder()
    keys.key('bob')
    signature = await signText({ text, keyFile: keys.path('bob'), namespace })
  })
  afterAll(() => keys.remove())

  test.each(LINES)(
    '%s: whoever ssh-keygen admits is among those whom the line may list',
    async (before, isPattern) => {
      const signers = `# a comment with * for everybody\n\n${before} ${keys.publicKey('bob')}\n`
      const allowedSigners = keys.file('allowed', signers)
      const at = new Date('2026-03-01T12:00:00.000Z')
      const admitted: string[] = []
      for (const principal of NAMES) {
        const answer = await verifySignature({ text, signature, namespace, allowedSigners, principal, at })
        if (answer.ok) admitted.push(principal)
      }
      const asked = NAMES.filter((name) => mayListName(signers, name))
      expect(asked).toEqual(expect.arrayContaining(admitted))
      expect(mayListByPattern(signers)).toBe(isPattern)
    },
  )

  test('a name that no principal holds is not asked about, whatever patterns the options have', () => {
    const signers = `bob@example.org namespaces="cutter.*" ${keys.publicKey('bob')}\n`
    expect(['bob@example.org', 'b', 'dave'].filter((name) => mayListName(signers, name))).toEqual([
      'bob@example.org',
      'b',
    ])
  })
})
