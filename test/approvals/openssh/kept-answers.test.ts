import { chmodSync, utimesSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withKeptAnswers } from '../../../src/approvals/openssh/kept-answers.ts'
import type { Signed, VerifyQuestion } from '../../../src/approvals/openssh/signature-questions.ts'
import { openTools } from '../../../src/tools/open-tools.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../../support/ssh-keys.ts'

const KEY = { fingerprint: 'SHA256:a', keyType: 'ED25519' }

describeWithKeys('withKeptAnswers', () => {
  let keys: KeyFolder
  let signed: Signed
  beforeAll(() => {
    keys = openKeyFolder()
    const program = keys.file('ssh-keygen', '#!/bin/sh\n')
    chmodSync(program, 0o755)
    signed = {
      text: 'a',
      signature: 'b',
      namespace: 'c',
      tools: openTools({ sshKeygen: program }),
    }
  })
  afterAll(() => keys.remove())
  const asked: VerifyQuestion = {
    signers: Buffer.from('d'),
    principal: 'e',
    at: new Date('2026-01-01T00:00:00.100Z'),
  }

  /** Whether ssh-keygen is asked. */
  async function isAsked(
    given: Partial<Signed>,
    changed: Partial<VerifyQuestion>,
    answer: typeof KEY | null = KEY,
  ) {
    let asks = 0
    const answered = await withKeptAnswers({ ...signed, ...given }, { ...asked, ...changed }, async () => {
      asks++
      return answer
    })
    expect(answered).toEqual(answer)
    return asks === 1
  }

  test('the very same question of the same second is asked once', async () => {
    const question = { principal: 'the same' }
    expect(await isAsked({}, question)).toBe(true)
    expect(await isAsked({}, question)).toBe(false)
    expect(await isAsked({}, { ...question, at: new Date('2026-01-01T00:00:00.900Z') })).toBe(false)
  })

  test.each([
    ['another text', { text: 'a2' }, {}],
    ['another signature', { signature: 'b2' }, {}],
    ['another namespace', { namespace: 'c2' }, {}],
    ['parts that are cut elsewhere', { text: 'ab', signature: '' }, {}],
    ['another file of signers', {}, { signers: Buffer.from('d2') }],
    ['another principal', {}, { principal: 'e2' }],
    ['another second', {}, { at: new Date('2026-01-01T00:00:01.100Z') }],
    ['a list of revoked keys', {}, { revoked: Buffer.from('') }],
  ] as [string, Partial<Signed>, Partial<VerifyQuestion>][])(
    '%s is another question',
    async (_, given, changed) => {
      await isAsked({}, {})
      expect(await isAsked(given, changed)).toBe(true)
      expect(await isAsked({}, {})).toBe(false)
    },
  )

  test('another list of revoked keys is another question', async () => {
    expect(await isAsked({}, { revoked: Buffer.from('x') })).toBe(true)
    expect(await isAsked({}, { revoked: Buffer.from('y') })).toBe(true)
  })

  test('another program at the same path is another question', async () => {
    const question = { principal: 'of a program' }
    await isAsked({}, question)
    const { file } = signed.tools!.find('sshKeygen')!
    writeFileSync(file, '#!/bin/sh\n#\n')
    utimesSync(file, 1, 1)
    expect(await isAsked({}, question)).toBe(true)
  })

  test('what did not hold is asked each time', async () => {
    const question = { principal: 'nobody' }
    expect(await isAsked({}, question, null)).toBe(true)
    expect(await isAsked({}, question, null)).toBe(true)
  })
})
