import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signText } from '../../../src/approvals/openssh/sign-text.ts'
import {
  findOtherNamesOfKey,
  findSigningKey,
  isListedByWildcardOnly,
  type SignatureQuestion,
  verifySignature,
} from '../../../src/approvals/openssh/verify-signature.ts'
import { describeSignatureFault } from '../../../src/approvals/rules/signature-refusals.ts'
import {
  describeWithKeys,
  type KeyFolder,
  openKeyFolder,
  opensshVersion,
  withEnv,
} from '../../support/ssh-keys.ts'

const namespace = 'cutter.cut.SG1'
const text = '{"decision":"approve"}'
const noon = new Date('2026-03-01T12:00:00.000Z')

describeWithKeys('verifySignature', () => {
  let keys: KeyFolder
  let signature: string

  beforeAll(async () => {
    keys = openKeyFolder()
    for (const name of ['alice', 'bob', 'authority']) keys.key(name)
    keys.key('rsa', { type: 'rsa' })
    keys.key('ecdsa', { type: 'ecdsa' })
    signature = await signText({ text, keyFile: keys.path('alice'), namespace })
  })
  afterAll(() => keys.remove())

  const question = (overrides: Partial<SignatureQuestion> = {}): SignatureQuestion => ({
    text,
    signature,
    namespace,
    allowedSigners: keys.file('allowed-alice', `alice@example.org ${keys.publicKey('alice')}\n`),
    principal: 'alice@example.org',
    at: noon,
    ...overrides,
  })
  const allowing = (...lines: string[]) => ({ allowedSigners: keys.file('allowed', `${lines.join('\n')}\n`) })
  const faultOf = async (overrides: Partial<SignatureQuestion>) => {
    const asked = question(overrides)
    const answer = await verifySignature(asked)
    return answer.ok ? null : describeSignatureFault(answer.fault, asked)
  }
  const reasonOf = async (overrides: Partial<SignatureQuestion>) => (await faultOf(overrides))?.reason ?? null

  it.each(['alice', 'rsa', 'ecdsa'])(
    'verifySignature accepts a signature of a listed key: %s',
    async (name) => {
      const signed = await signText({ text, keyFile: keys.path(name), namespace })
      const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', keys.path(`${name}.pub`)], {
        encoding: 'utf8',
      }).split(' ')
      const keyType = name === 'alice' ? 'ED25519' : name.toUpperCase()
      const trust = allowing(`alice@example.org ${keys.publicKey(name)}`)
      const answer = await verifySignature(question({ ...trust, signature: signed }))
      expect(answer).toEqual({ ok: true, principal: 'alice@example.org', fingerprint, keyType })
      expect(await findSigningKey({ text, signature: signed, namespace })).toEqual({ fingerprint, keyType })
    },
  )

  it('a signature is invalid for an edited text or another namespace, or when it is cut short or damaged', async () => {
    const garbled = signature.replace(/\n(.{10})./, (_, start) => `\n${start}*`)
    const wrong = { text: `${text} `, namespace: 'cutter.cut.SG2' }
    for (const [field, value] of Object.entries(wrong)) {
      expect(await reasonOf({ [field]: value })).toBe('SIGNATURE_INVALID')
      expect(await findSigningKey({ ...question(), [field]: value })).toBeNull()
    }
    for (const broken of [signature.slice(0, 120), garbled, 'garbage', '']) {
      expect(await reasonOf({ signature: broken })).toBe('SIGNATURE_INVALID')
    }
  })

  it('the fault names the person for whom the key is listed', async () => {
    expect(await faultOf(allowing(`bob@example.org ${keys.publicKey('alice')}`))).toMatchObject({
      reason: 'SIGNER_NOT_ALLOWED',
      detail: expect.stringContaining('lists that key for bob@example.org'),
    })
  })

  it('verifySignature refuses an unknown key, and a namespace that the line does not name', async () => {
    expect(await faultOf(allowing(`alice@example.org ${keys.publicKey('bob')}`))).toMatchObject({
      reason: 'SIGNER_NOT_ALLOWED',
      detail: expect.stringContaining('lists that key for nobody'),
    })
    const key = keys.publicKey('alice')
    expect(await reasonOf(allowing(`alice@example.org namespaces="git" ${key}`))).toBe('SIGNER_NOT_ALLOWED')
    expect(await reasonOf(allowing(`alice@example.org namespaces="cutter.*" ${key}`))).toBeNull()
  })

  it('a signature counts for each name under which its key is listed', async () => {
    const key = keys.publicKey('alice')
    const trust = allowing(`bob@example.org ${key}`, `alice@example.org ${key}`)
    expect(await reasonOf(trust)).toBeNull()
    expect(await reasonOf({ ...trust, principal: 'bob@example.org' })).toBeNull()
    expect(await findOtherNamesOfKey(question(trust), ['bob@example.org', 'carol@example.org'])).toEqual([
      'bob@example.org',
    ])
  })

  it('findOtherNamesOfKey ignores limits of time and namespace', async () => {
    const key = keys.publicKey('alice')
    const limits = 'namespaces="git,cutter.*",VALID-BEFORE="20200101",valid-after="20190101"'
    const trust = allowing(
      `alice@example.org ${key}`,
      `"carol@example.org,dave@example.org" ${limits} ${key} laptop`,
    )
    expect(await reasonOf({ ...trust, principal: 'carol@example.org' })).toBe('SIGNER_NOT_VALID_THEN')
    expect(await findOtherNamesOfKey(question(trust), ['dave@example.org'])).toEqual(['dave@example.org'])
  })

  it('the fault of a missing allowed_signers has a command that lists the key', async () => {
    const missing = keys.path('nowhere')
    const fault = await faultOf({ allowedSigners: missing })
    if (fault === null) throw new Error('a missing file admitted somebody')
    expect(fault.reason).toBe('SIGNER_NOT_ALLOWED')
    expect(fault.detail).toContain(`no readable file of allowed signers at ${missing}`)
    const command = fault.next.slice(fault.next.indexOf('(printf')).replace('<key>', keys.path('alice'))
    execFileSync('sh', ['-c', command])
    expect(await reasonOf({ allowedSigners: missing })).toBeNull()
  })

  it('a signature of a revoked key does not count, by a list of public keys or by a KRL', async () => {
    const krl = keys.path('krl')
    execFileSync('ssh-keygen', ['-q', '-k', '-f', krl, keys.path('alice.pub')])
    const listed = keys.file('revoked', `${keys.publicKey('bob')}\n${keys.publicKey('alice')}\n`)
    const other = keys.file('revoked-other', `${keys.publicKey('bob')}\n`)
    expect(await reasonOf({ revokedKeys: listed })).toBe('KEY_REVOKED')
    expect(await reasonOf({ revokedKeys: krl })).toBe('KEY_REVOKED')
    expect(await reasonOf({ revokedKeys: other })).toBeNull()
    expect(await reasonOf({ revokedKeys: keys.file('empty', '') })).toBeNull()
  })

  it('no signature counts when the file of revoked keys is missing or not readable as keys', async () => {
    expect(await faultOf({ revokedKeys: keys.path('no-such-file') })).toMatchObject({
      reason: 'KEY_REVOKED',
      detail: expect.stringContaining("can't be read"),
    })
    expect(await reasonOf({ revokedKeys: keys.file('garbage', 'SHA256:abc\n') })).toBe('KEY_REVOKED')
  })

  it('a key that is revoked and expired is reported as revoked', async () => {
    const expired = allowing(`alice@example.org valid-before="20200101" ${keys.publicKey('alice')}`)
    const revokedKeys = keys.file('revoked', `${keys.publicKey('alice')}\n`)
    expect(await reasonOf(expired)).toBe('SIGNER_NOT_VALID_THEN')
    expect(await reasonOf({ ...expired, revokedKeys })).toBe('KEY_REVOKED')
  })

  const zones = ['UTC', 'Asia/Tokyo', 'America/Los_Angeles']
  const counts = async (limits: string) => {
    const trust = allowing(`alice@example.org ${limits} ${keys.publicKey('alice')}`)
    const at = (time: string) => reasonOf({ ...trust, at: new Date(`2026-03-01T${time}.000Z`) })
    expect(await at('11:59:59')).toBe('SIGNER_NOT_VALID_THEN')
    expect(await at('12:00:00')).toBeNull()
    expect(await at('13:00:00')).toBeNull()
    expect(await at('13:00:01')).toBe('SIGNER_NOT_VALID_THEN')
  }

  it.each(zones)(
    'a key counts from valid-after to valid-before, as UTC if no zone is given, with TZ=%s',
    async (TZ) => {
      await withEnv({ TZ }, () => counts('valid-after="20260301120000",valid-before="20260301130000"'))
    },
  )

  it.skipIf(opensshVersion() < 9.1).each(zones)(
    'a key counts from valid-after to valid-before in UTC with TZ=%s (OpenSSH reads a Z since 9.1)',
    async (TZ) => {
      await withEnv({ TZ }, () => counts('valid-after="20260301120000Z",valid-before="20260301130000Z"'))
    },
  )

  it('isListedByWildcardOnly finds a principal that only a pattern lists', async () => {
    const key = keys.publicKey('alice')
    const byWildcard = (...lines: string[]) => isListedByWildcardOnly(question(allowing(...lines)))
    expect(await byWildcard(`*@example.org ${key}`)).toBe(true)
    expect(await byWildcard(`"alice@example.?rg" namespaces="cutter.*" ${key}`)).toBe(true)
    expect(await byWildcard(`al"ice*" ${key}`, `*,!bob ${key}`)).toBe(true)
    expect(await byWildcard(`alice@example.org valid-before="20200101" ${key}`, `* ${key}`)).toBe(true)
    expect(await byWildcard(`alice@example.org namespaces="cutter.*" ${key}`)).toBe(false)
    expect(await byWildcard(`*@example.org ${key}`, `alice@example.org ${key}`)).toBe(false)
    expect(await byWildcard(`alice@example.org,*@example.net ${key}`)).toBe(false)
  })

  it('a signature of a certificate counts by the line of its authority, and by pattern only if that line is a pattern', async () => {
    execFileSync('ssh-keygen', [
      '-q',
      '-s',
      keys.path('authority'),
      '-I',
      'b',
      '-n',
      'alice@example.org',
      keys.path('bob.pub'),
    ])
    const signed = await signText({ text, keyFile: keys.path('bob-cert.pub'), namespace })
    const authority = keys.publicKey('authority')
    const exact = question({
      ...allowing(`alice@example.org cert-authority ${authority}`),
      signature: signed,
    })
    expect(await verifySignature(exact)).toMatchObject({ ok: true, keyType: 'ED25519-CERT' })
    expect(await isListedByWildcardOnly(exact)).toBe(false)
    const pattern = question({ ...allowing(`*@example.org cert-authority ${authority}`), signature: signed })
    expect(await verifySignature(pattern)).toMatchObject({ ok: true })
    expect(await isListedByWildcardOnly(pattern)).toBe(true)
  })
})
