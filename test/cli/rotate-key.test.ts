import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ensureInstanceKey } from '../../src/approvals/instance-key.ts'
import {
  type KeyRotation,
  ROTATION_NAMESPACE,
  readKeyRotations,
  readRotationStatement,
} from '../../src/approvals/key-rotations.ts'
import { computeFingerprint } from '../../src/approvals/openssh/allowed-signers.ts'
import { signWithEd25519 } from '../../src/approvals/openssh/ed25519-key.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { isSignedWith } from '../../src/approvals/openssh/signature-parts.ts'
import { findSigningKey } from '../../src/approvals/openssh/verify-signature.ts'
import { rotateInstanceKey } from '../../src/approvals/rotate-instance-key.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

const program = resolve(import.meta.dirname, '../../dist/cutter.cjs')

/** Kills the process before its n-th call of the file system on a path of the instance's key. */
const KILLER = `
const fs = require('node:fs/promises')
let calls = 0
for (const name of ['mkdtemp', 'mkdir', 'writeFile', 'chmod', 'link', 'rename', 'rmdir', 'rm']) {
  const real = fs[name]
  fs[name] = (...given) => {
    if (String(given[0]).includes('instance_key') && ++calls === Number(process.env.KILL_AT))
      process.kill(process.pid, 'SIGKILL')
    return real(...given)
  }
}
require('node:module').syncBuiltinESMExports()
`

const WHO = { host: 'vm', by: 'deploybot', reason: null }

describeWithKeys('instance rotate-key', () => {
  let folder: string
  let home: string
  let first: string
  const inVar = (name: string) => join(home, 'var', name)

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cutter-rotations-'))
    writeFileSync(join(folder, 'killer.cjs'), KILLER)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  beforeEach(async () => {
    home = mkdtempSync(join(folder, 'home-'))
    mkdirSync(join(home, 'var'))
    first = (await ensureInstanceKey(inVar(''), 'vm')).publicKey
  })

  const rotateUntil = (call: number) =>
    spawnSync(
      process.execPath,
      ['-r', join(folder, 'killer.cjs'), program, 'instance', 'rotate-key', '--home', home],
      {
        env: { ...process.env, KILL_AT: String(call) },
        encoding: 'utf8',
      },
    )

  /** The key signs under its own name, and signed statements lead to it from the first key. */
  async function assertUsable(): Promise<string> {
    const { publicKey } = await ensureInstanceKey(inVar(''), 'vm')
    const keyFile = inVar('instance_key')
    const signature = await signText({ text: 'a closeout', keyFile, namespace: 'cutter.closeout' })
    expect(isSignedWith(signature, publicKey)).toBe(true)
    expect(readFileSync(`${keyFile}.pub`, 'utf8')).toBe(`${publicKey}\n`)
    const rotations = await readKeyRotations(inVar(''))
    for (const rotation of rotations) await assertSignedByOldKey(rotation)
    let last = first
    for (const { oldKey, newKey } of rotations.map(readRotationStatement))
      last = oldKey === last ? newKey : last
    expect(last).toBe(publicKey)
    return publicKey
  }

  async function assertSignedByOldKey(rotation: KeyRotation): Promise<void> {
    const { statementText: text, signature } = rotation
    const key = await findSigningKey({ text, signature, namespace: ROTATION_NAMESPACE })
    expect(key?.fingerprint).toBe(computeFingerprint(readRotationStatement(rotation).oldKey))
  }

  it('leaves a usable key when it is killed before any of its writes', async () => {
    const ends: string[] = []
    for (let call = 1; ; call++) {
      const { status, signal } = rotateUntil(call)
      const before = first
      ends.push((await assertUsable()) === before ? 'old key' : 'new key')
      if (status === 0) break
      expect(signal).toBe('SIGKILL')
      rmSync(inVar(''), { recursive: true })
      mkdirSync(inVar(''))
      first = (await ensureInstanceKey(inVar(''), 'vm')).publicKey
    }
    // One write decides: the old key before it, the new key after it.
    expect(ends.join(' ')).toMatch(/^(old key ){5,}(new key ?){5,}$/)
  }, 120_000)

  it('two rotations make a chain of three keys, and the first private key is gone', async () => {
    const before = readFileSync(inVar('instance_key'), 'utf8')
    await rotateInstanceKey(inVar(''), { ...WHO, at: '2026-03-01T12:00:00.000Z' })
    const { newKey } = await rotateInstanceKey(inVar(''), { ...WHO, at: '2026-03-01T12:00:01.000Z' })
    expect(await assertUsable()).toBe(newKey)
    const [one, two] = (await readKeyRotations(inVar(''))).map(readRotationStatement)
    expect([one!.oldKey, one!.newKey, two!.newKey]).toEqual([first, two!.oldKey, newKey])
    expect(readFileSync(inVar('instance_key'), 'utf8')).not.toBe(before)
    expect(existsSync(inVar('instance_key.rotation'))).toBe(false)
  })

  it('doctor says that nobody can approve a live run when no signer is listed', () => {
    writeFileSync(join(home, 'allowed_signers'), '# nobody yet\n')
    const { stdout } = spawnSync(process.execPath, [program, 'doctor', '--home', home], { encoding: 'utf8' })
    expect(stdout).toMatch(/allowed_signers lists nobody: no live run can pass a gate yet/)
  })

  it('doctor names a revoked key of the instance and a policy that lost keys leave unmeetable', async () => {
    const { oldKey } = await rotateInstanceKey(inVar(''), { ...WHO, at: '2026-03-01T12:00:00.000Z' })
    const policy = 'policy: { cut.SG1: { need: 2 } }'
    writeFileSync(join(home, 'cutter.yaml'), `approvals: { revokedKeys: ./revoked, ${policy} }\n`)
    writeFileSync(join(home, 'revoked'), `${oldKey}\n`)
    writeFileSync(
      join(home, 'allowed_signers'),
      `alice@example.org ${oldKey.split(' ').slice(0, 2).join(' ')}\n`,
    )
    const { stdout } = spawnSync(process.execPath, [program, 'doctor', '--home', home], { encoding: 'utf8' })
    expect(stdout).toContain(
      `the instance's key ${computeFingerprint(oldKey)} is revoked; it signed no closeout that is kept here`,
    )
    expect(stdout).toMatch(/cut\.SG1 needs 2 people, and only 0 may approve: this policy cannot be met/)
  })

  it.each(['', '{', '{}', '{"statementText":"{"}', 'null'])(
    'names a damaged file of a rotation: %s',
    async (text) => {
      await rotateInstanceKey(inVar(''), { ...WHO, at: '2026-03-01T12:00:00.000Z' })
      const [name] = readdirSync(inVar('instance_key.rotations'))
      const file = join(inVar('instance_key.rotations'), name!)
      writeFileSync(file, text)
      await expect(readKeyRotations(inVar(''))).rejects.toMatchObject({
        ...{ code: 'STORE_TAMPERED', message: `${file} is damaged: it is not the rotation of a key` },
        next: 'restore the file from your backup',
      })
    },
  )

  it('a folder from before the rotation signs with the old key and can be rotated', async () => {
    cpSync(inVar(''), join(home, 'older'), { recursive: true })
    await rotateInstanceKey(inVar(''), { ...WHO, at: '2026-03-01T12:00:00.000Z' })
    rmSync(inVar(''), { recursive: true })
    cpSync(join(home, 'older'), inVar(''), { recursive: true })
    expect(await assertUsable()).toBe(first)
    await rotateInstanceKey(inVar(''), { ...WHO, at: '2026-03-02T12:00:00.000Z' })
    await assertUsable()
  })

  it('of rotations at the same moment each either makes a key of the chain or is refused', async () => {
    const times = [1, 2, 3, 4].map((second) => `2026-03-01T12:00:0${second}.000Z`)
    const rotating = times.map((at) => rotateInstanceKey(inVar(''), { ...WHO, at }))
    // Closeouts are signed meanwhile, each with one key from its file.
    const reading = times.map(() => ensureInstanceKey(inVar(''), 'vm'))
    const ends = await Promise.allSettled(rotating)
    for (const key of await Promise.all(reading))
      expect(isSignedWith(signWithEd25519(key, 'cutter.closeout', 'a closeout'), key.publicKey)).toBe(true)
    const made = ends.filter(({ status }) => status === 'fulfilled')
    expect(made.length).toBeGreaterThan(0)
    for (const end of ends)
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'STORE_CONFLICT' })
    const rotations = await readKeyRotations(inVar(''))
    expect(rotations).toHaveLength(made.length)
    for (const rotation of rotations) await assertSignedByOldKey(rotation)
    const { publicKey } = await ensureInstanceKey(inVar(''), 'vm')
    expect(rotations.map((rotation) => readRotationStatement(rotation).newKey)).toContain(publicKey)
  })
})
