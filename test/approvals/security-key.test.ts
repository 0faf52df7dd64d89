import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KeyPolicy } from '../../src/approvals/approval-policy.ts'
import { composeStatement } from '../../src/approvals/compose-statement.ts'
import { parseApproval } from '../../src/approvals/import-approval.ts'
import { judgeApproval } from '../../src/approvals/judge-approval.ts'
import { readSecurityKeyUse } from '../../src/approvals/openssh/security-key.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { findSigningKey } from '../../src/approvals/openssh/verify-signature.ts'
import type { RefusalReason } from '../../src/approvals/refusal.ts'
import { statementText } from '../../src/approvals/statement.ts'
import { aRun } from '../support/run-fixture.ts'
import { makeSecurityKey, type SecurityKeySignature } from '../support/security-keys.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

const NAMESPACE = 'cutter.cut.SG1'
const PAGE = 'https://cutter.example.org'
const [PRESENT, VERIFIED, EXTENDED] = [1, 4, 0x80]
const clock = { now: () => new Date('2026-03-01T12:00:00.000Z') }
const run = aRun({ mode: 'live' })
const text = statementText(
  composeStatement({
    ...{ run, approver: 'alice@example.org', decision: 'approve', reason: '', clock, nonce: 'n' },
    validHours: 24,
  }),
)

const KEYS = {
  'a hardware key': makeSecurityKey('ed25519'),
  'a hardware key (ecdsa)': makeSecurityKey('ecdsa'),
  'a passkey': makeSecurityKey('ecdsa', 'cutter.example.org'),
}

type Row = [
  key: keyof typeof KEYS,
  signs: SecurityKeySignature,
  policy: KeyPolicy,
  reason: RefusalReason | null,
  says?: RegExp,
]

const onPage = { origin: PAGE, flags: PRESENT | VERIFIED }
const allowsPage: KeyPolicy = { origins: [PAGE] }
const preferred = { presence: 'preferred' } as const
const verified = { verification: 'required' } as const

const rows: Row[] = [
  ['a hardware key', { flags: PRESENT }, {}, null],
  ['a hardware key', { flags: PRESENT }, { presence: 'required' }, null],
  [
    'a hardware key',
    { flags: 0 },
    {},
    'USER_NOT_PRESENT',
    /says that nobody touched the key \(policy of cut\.SG1\)/,
  ],
  ['a hardware key', { flags: 0 }, { presence: 'required' }, 'USER_NOT_PRESENT'],
  ['a hardware key', { flags: 0 }, preferred, null],
  ['a hardware key', { flags: VERIFIED }, {}, 'USER_NOT_PRESENT'],
  ['a hardware key', { flags: VERIFIED }, { ...preferred, ...verified }, null],
  ['a hardware key', { flags: PRESENT }, verified, 'USER_NOT_VERIFIED', /did not check who touched it/],
  ['a hardware key', { flags: PRESENT | VERIFIED }, verified, null],
  ['a hardware key', { flags: PRESENT }, { verification: 'preferred' }, null],
  ['a hardware key', { flags: 0 }, verified, 'USER_NOT_PRESENT'],
  ['a hardware key', { counter: 0 }, {}, null],
  ['a hardware key', { counter: 0xffffffff }, {}, null],
  // No page asked for these, so origins and RP ids do not matter.
  ['a hardware key', {}, { origins: [], rpIds: [] }, null],
  ['a hardware key (ecdsa)', { flags: 0 }, {}, 'USER_NOT_PRESENT'],
  ['a hardware key (ecdsa)', { flags: PRESENT }, verified, 'USER_NOT_VERIFIED'],
  ['a hardware key (ecdsa)', { flags: PRESENT | VERIFIED }, verified, null],
  ['a passkey', onPage, allowsPage, null],
  ['a passkey', { ...onPage, flags: 0x1d }, allowsPage, null],
  ['a passkey', onPage, { origins: ['https://other.example.org', PAGE] }, null],
  ['a passkey', onPage, {}, 'ORIGIN_NOT_ALLOWED', /"https:\/\/cutter\.example\.org"; allowed: no web page/],
  ['a passkey', onPage, { origins: [] }, 'ORIGIN_NOT_ALLOWED'],
  [
    'a passkey',
    { ...onPage, origin: 'https://evil.example' },
    allowsPage,
    'ORIGIN_NOT_ALLOWED',
    /evil\.example/,
  ],
  ['a passkey', { ...onPage, origin: `${PAGE}.evil.example` }, allowsPage, 'ORIGIN_NOT_ALLOWED'],
  ['a passkey', { ...onPage, origin: `${PAGE}:8443` }, allowsPage, 'ORIGIN_NOT_ALLOWED'],
  ['a passkey', { ...onPage, origin: 'http://cutter.example.org' }, allowsPage, 'ORIGIN_NOT_ALLOWED'],
  ['a passkey', { ...onPage, origin: '' }, allowsPage, 'ORIGIN_NOT_ALLOWED'],
  [
    'a passkey',
    { ...onPage, clientDataEnd: ',"crossOrigin":true' },
    allowsPage,
    'ORIGIN_NOT_ALLOWED',
    /inside a page of another origin/,
  ],
  [
    'a passkey',
    { ...onPage, clientDataEnd: ',"crossOrigin":false,"topOrigin":"https://evil.example"' },
    allowsPage,
    'ORIGIN_NOT_ALLOWED',
  ],
  // A second origin in the rest of the client data, which ssh-keygen does not compare.
  [
    'a passkey',
    { ...onPage, clientDataEnd: ',"origin":"https://evil.example"' },
    allowsPage,
    'USER_NOT_PRESENT',
    /unknown form/,
  ],
  ['a passkey', { ...onPage, flags: 0 }, allowsPage, 'USER_NOT_PRESENT'],
  ['a passkey', { ...onPage, flags: 0 }, {}, 'USER_NOT_PRESENT'],
  ['a passkey', { ...onPage, flags: PRESENT }, { ...allowsPage, ...verified }, 'USER_NOT_VERIFIED'],
  ['a passkey', onPage, { ...allowsPage, rpIds: ['cutter.example.org'] }, null],
  [
    'a passkey',
    onPage,
    { ...allowsPage, rpIds: ['other.example.org'] },
    'RP_ID_NOT_ALLOWED',
    /registered for "cutter\.example\.org"; allowed: other\.example\.org/,
  ],
  ['a passkey', onPage, { ...allowsPage, rpIds: [] }, 'RP_ID_NOT_ALLOWED', /allowed: none/],
  ['a passkey', onPage, { origins: [], rpIds: [] }, 'ORIGIN_NOT_ALLOWED'],
  ['a passkey', { ...onPage, flags: PRESENT | EXTENDED, extensions: Buffer.from([0xa0]) }, allowsPage, null],
]

describeWithKeys('a policy on security keys', () => {
  let keys: KeyFolder
  beforeAll(() => {
    keys = openKeyFolder()
    keys.key('file')
  })
  afterAll(() => keys.remove())

  const judge = async (signature: string, publicKey: string, policy: KeyPolicy) => {
    const approval = parseApproval({ text, signature, clock })
    const trust = { allowedSigners: keys.file('allowed', `alice@example.org ${publicKey}\n`) }
    const subject = {
      run,
      approval,
      operators: [],
      now: clock.now(),
      trust,
      policy: { validHours: 24, ...policy },
    }
    return (await judgeApproval(subject)).refusal
  }

  it.each(rows)('%s that signs with %j under the policy %j is answered with %s', async (...row) => {
    const [name, signs, policy, reason, says = /./] = row
    const { publicKey, sign } = KEYS[name]
    const signature = sign(text, NAMESPACE, signs)
    // ssh-keygen takes every one of these signatures, so the answer is the policy's.
    expect(await findSigningKey({ text, signature, namespace: NAMESPACE })).not.toBeNull()
    const refusal = await judge(signature, publicKey, policy)
    expect(refusal?.reason ?? null).toBe(reason)
    if (refusal === null) return
    expect(refusal.message).toMatch(says)
    expect(refusal.next).toMatch(/: cutter approval sign ictr-\S+ --as alice@example\.org --key <file>$/)
  })

  it.each([
    [{}, null],
    [preferred, null],
    [{ verification: 'preferred', origins: [], rpIds: [] }, null],
    [{ presence: 'required' }, 'USER_NOT_PRESENT'],
    [verified, 'USER_NOT_VERIFIED'],
  ] as [KeyPolicy, RefusalReason | null][])(
    'a key in a file under the policy %j is answered with %s',
    async (policy, reason) => {
      const signature = await signText({ text, keyFile: keys.path('file'), namespace: NAMESPACE })
      expect((await judge(signature, keys.publicKey('file'), policy))?.reason ?? null).toBe(reason)
    },
  )

  it('a signature that says something else than ssh-keygen covers is refused as SIGNATURE_INVALID', async () => {
    const { publicKey, sign } = KEYS['a hardware key']
    const untouched = sign(text, NAMESPACE, { flags: 0 })
    const blob = Buffer.from(untouched.split('\n').slice(1, -2).join(''), 'base64')
    blob[blob.length - 5] = PRESENT
    const body = blob
      .toString('base64')
      .match(/.{1,70}/g)!
      .join('\n')
    const forged = `-----BEGIN SSH SIGNATURE-----\n${body}\n-----END SSH SIGNATURE-----\n`
    expect(readSecurityKeyUse(forged)).toMatchObject({ isPresent: true })
    expect(await judge(forged, publicKey, {})).toMatchObject({ reason: 'SIGNATURE_INVALID' })
  })

  it('a second signature after the first is not read', async () => {
    const { publicKey, sign } = KEYS['a hardware key']
    const [untouched, touched] = [0, PRESENT].map((flags) => sign(text, NAMESPACE, { flags }))
    expect(readSecurityKeyUse(`${untouched}${touched}`)).toMatchObject({ isPresent: false })
    expect(await judge(`${untouched}${touched}`, publicKey, {})).toMatchObject({ reason: 'USER_NOT_PRESENT' })
  })
})

it('readSecurityKeyUse reads application, counter and page', () => {
  const signature = KEYS['a passkey'].sign(text, NAMESPACE, { ...onPage, counter: 41 })
  expect(readSecurityKeyUse(signature)).toEqual({
    application: 'cutter.example.org',
    isPresent: true,
    isVerified: true,
    counter: 41,
    page: { origin: PAGE, isFramedByOther: false },
  })
})
