import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KeyRotation, readRotationStatement } from '../../src/approvals/key-rotations.ts'
import { computeFingerprint } from '../../src/approvals/openssh/allowed-signers.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { filesIn, verifyBundle } from './bundle-fixture.ts'
import { alter } from './forge-bundle.ts'
import {
  INSTANCE,
  type RotatedBundles,
  rotatedBundles,
  rotationOf,
  withRotations,
} from './rotated-bundles.ts'

/** Closeouts that were signed after the key of the instance was replaced, once and twice. */

let made: RotatedBundles
let { at, keys, runs, tars } = {} as RotatedBundles

beforeAll(async () => {
  made = await rotatedBundles()
  ;({ at, keys, runs, tars } = made)
  at.keys.key('mallory')
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

/** A file of signers with alice and this line for a key of the instance. */
function trusting(publicKey: string, options = 'namespaces="cutter.closeout"', name?: string): string {
  const [type, blob, signer] = publicKey.split(' ')
  const alice = readFileSync(at.keys.path('allowed_signers'), 'utf8')
  return at.keys.file('trusting', `${alice}${name ?? signer} ${options} ${type} ${blob}\n`)
}

const revoking = (...lines: string[]) => at.keys.file('revoked', `${lines.join('\n')}\n`)
const rotationsIn = async (tar: Buffer) =>
  [...(await filesIn(tar)).keys()].filter((path) => path.startsWith('rotations/'))

async function endOf(tar: Buffer, signers: string | null, revoked: string | null = null) {
  const { holds, ranges, firstFault } = await verifyBundle(tar, signers, { revoked })
  expect({ holds, firstFault }).toEqual({ holds: true, firstFault: null })
  const { trusted, revoked: isRevoked = false, earlierKey = null } = ranges.at(-1)!
  return { trusted, revoked: isRevoked, earlierKey }
}

const earlier = (publicKey: string, revoked = false) => ({
  signer: INSTANCE,
  fingerprint: computeFingerprint(publicKey),
  revoked,
})

describeWithKeys('a bundle after rotations of the instance’s key', () => {
  test('holds the rotations that lead to its key, and no later ones', async () => {
    expect(await Promise.all(tars.map(async (tar) => (await rotationsIn(tar)).length))).toEqual([0, 1, 2])
    for (const [index, run] of runs.entries())
      expect((await at.exported(run)).equals(tars[index]!), `run ${index}`).toBe(true)
  })

  test('has format 3, and format 2 before the first rotation', async () => {
    for (const [index, format] of [2, 3, 3].entries()) {
      expect(await verifyBundle(tars[index]!, null)).toMatchObject({ holds: true, format })
      const text = Buffer.from((await filesIn(tars[index]!)).get('VERIFY.md')!).toString()
      expect(text).toContain(`The bundle has format ${format}, as`)
    }
  })

  test('is trusted by the signing key itself, and then names no earlier key', async () => {
    for (const index of [0, 1, 2])
      expect(await endOf(tars[index]!, trusting(keys[index]!))).toEqual({
        ...{ trusted: true, revoked: false, earlierKey: null },
      })
  })

  test('is trusted by any earlier key, and never by a later one', async () => {
    for (const [tar, key, trusted] of [
      [1, 0, true],
      [2, 0, true],
      [2, 1, true],
      [0, 1, false],
      [0, 2, false],
      [1, 2, false],
    ] as const)
      expect(await endOf(tars[tar]!, trusting(keys[key]!)), `${tar} by ${key}`).toEqual({
        ...{ trusted, revoked: false, earlierKey: trusted ? earlier(keys[key]!) : null },
      })
  })

  test('meets --require-trusted by an earlier key', async () => {
    const { unmet } = await verifyBundle(tars[2]!, trusting(keys[0]!), { trusted: true })
    expect(unmet).toEqual([])
  })

  test.each<[string, boolean, string, string?]>([
    ['no options', true, ''],
    ['a pattern of namespaces', true, 'namespaces="git,cutter.*"'],
    ['the namespace of rotations', true, 'namespaces="cutter.instance-key"'],
    ['another namespace', false, 'namespaces="cutter.cut.*"'],
    ['a negated namespace', false, 'namespaces="cutter.*,!cutter.closeout"'],
    ['two lists of namespaces', false, 'namespaces="cutter.closeout",namespaces="git"'],
    ['a time before the rotation', false, 'valid-before="20260228"'],
    ['a time after the rotation', true, 'valid-before="20260401"'],
    ['certificates only', false, 'cert-authority'],
    ['another name', false, '', 'cutter-instance@other'],
    ['a pattern as name', false, '', 'cutter-instance@*'],
  ])('is judged by the line of the first key with %s', async (_, trusted, options, name) => {
    expect(await endOf(tars[2]!, trusting(keys[0]!, options, name))).toMatchObject({ trusted })
  })

  test('is not trusted by an earlier key when the file limits a later one', async () => {
    const [type, blob] = keys[1]!.split(' ')
    const limited = `${INSTANCE} valid-before="20260101" ${type} ${blob}\n`
    const file = at.keys.file('limited', readFileSync(trusting(keys[0]!), 'utf8') + limited)
    expect(await endOf(tars[2]!, file)).toEqual({ trusted: false, revoked: false, earlierKey: null })
  })

  test.each<[string, number[], number, object]>([
    ['the signing key', [2], 0, { trusted: false, revoked: true, earlierKey: null }],
    ['the key between', [1], 0, { trusted: false, earlierKey: { revoked: true } }],
    ['the trusted key', [0], 0, { trusted: false, earlierKey: { revoked: true } }],
    ['a key before the trusted one', [0], 1, { trusted: true, earlierKey: { revoked: false } }],
    ['a key before the signing key, which is listed', [0, 1], 2, { trusted: true, earlierKey: null }],
  ])('is judged with %s revoked', async (_, revoked, trusted, answer) => {
    const file = revoking(...revoked.map((index) => keys[index]!))
    expect(await endOf(tars[2]!, trusting(keys[trusted]!), file)).toMatchObject(answer)
  })

  test('names a revoked earlier key also without signers', async () => {
    const answer = await endOf(tars[2]!, null, revoking(keys[1]!))
    expect(answer).toEqual({ trusted: false, revoked: false, earlierKey: earlier(keys[1]!, true) })
  })
})

describeWithKeys('verify of forged rotations', () => {
  const mallory = () => `${at.keys.publicKey('mallory')} ${INSTANCE}`
  const both = () => made.rotations()
  const byMallory = (oldKey: string, newKey: string, changes?: object, namespace?: string) =>
    rotationOf(at.keys.path('mallory'), oldKey, newKey, changes, namespace)

  const forged: [string, string, () => Promise<KeyRotation[]>][] = [
    [
      'signed by another key than the old one',
      'is not signed by the old key',
      async () => [await byMallory(keys[1]!, keys[2]!), (await both())[0]],
    ],
    [
      'with the statement of another rotation',
      'is not signed by the old key',
      async () => {
        const [one, two] = await both()
        return [one, { statementText: two.statementText, signature: one.signature }]
      },
    ],
    [
      'signed in the namespace of closeouts',
      'is not signed by the old key',
      async () => [await byMallory(mallory(), keys[2]!, {}, 'cutter.closeout')],
    ],
    [
      'with another field',
      'does not hold a statement',
      async () => [await byMallory(mallory(), keys[2]!, { more: 'x' })],
    ],
    [
      'of another type',
      'does not hold a statement',
      async () => [await byMallory(mallory(), keys[2]!, { type: 'cutter.approval/v1' })],
    ],
    [
      'in another form',
      'does not hold a statement',
      async () => {
        const [, { statementText, signature }] = await both()
        return [{ statementText: `${statementText} `, signature }]
      },
    ],
    [
      'with a signature in another form',
      'is not signed by the old key',
      async () => {
        const [one, two] = await both()
        return [one, { ...two, signature: `${two.signature}\n` }]
      },
    ],
    ['without the last one', 'does not lead to the key', async () => [(await both())[0]]],
    [
      'that branch',
      'does not lead to the key',
      async () => [...(await both()), await byMallory(mallory(), keys[2]!)],
    ],
    [
      'that end elsewhere',
      'does not lead to the key',
      async () => [...(await both()), await byMallory(mallory(), keys[0]!.replace('quiet', 'other'))],
    ],
    ['from a key to itself', 'leads in a circle', async () => [await byMallory(mallory(), mallory())]],
    [
      'in a circle',
      'leads in a circle',
      async () => {
        const keyFile = at.keys.key('other')
        const other = `${at.keys.publicKey('other')} ${INSTANCE}`
        return [await byMallory(mallory(), other), await rotationOf(keyFile, other, mallory())]
      },
    ],
  ]
  test.each(forged)('refuses rotations %s', async (name, message, make) => {
    // A circle begins at the key of the closeout, so the forger signs it.
    const forger = { keyFile: at.keys.path('mallory'), publicKey: mallory() }
    const tar = await withRotations(tars[2]!, await make(), message.includes('circle') ? forger : undefined)
    const { firstFault } = await verifyBundle(tar, trusting(keys[0]!))
    expect(firstFault, name).toMatchObject({
      code: 'ROTATION_INVALID',
      message: expect.stringContaining(message),
    })
    expect(firstFault!.file).toMatch(/^rotations\/[0-9a-f]{64}\.json$/)
  })

  test('trusts no chain that lost its trusted end', async () => {
    const tar = await withRotations(tars[2]!, [(await both())[1]])
    expect(await endOf(tar, trusting(keys[0]!))).toMatchObject({ trusted: false, earlierKey: null })
    expect(await endOf(tar, trusting(keys[1]!))).toMatchObject({ trusted: true })
  })

  test('trusts no key that signed for itself', async () => {
    const forger = { keyFile: at.keys.path('mallory'), publicKey: mallory() }
    const tar = await withRotations(tars[0]!, [await byMallory(keys[0]!, mallory())], forger)
    const { firstFault } = await verifyBundle(tar, trusting(keys[0]!))
    expect(firstFault).toMatchObject({ code: 'ROTATION_INVALID' })
  })

  test('refuses rotations by the form of their files', async () => {
    const [path] = await rotationsIn(tars[1]!)
    const changed = (change: Parameters<typeof alter>[1]) => alter(tars[1]!, change)
    const moved = await changed((files) => {
      files.set(`rotations/${'0'.repeat(64)}.json`, files.get(path!)!)
      files.delete(path!)
    })
    const spaced = await changed((files) => void files.set(path!, Buffer.from(`${files.get(path!)} `)))
    const missing = await changed((files) => void files.delete(path!))
    const added = await alter(tars[0]!, (files) => void files.set(path!, Buffer.from('{}')))
    const codes = [moved, spaced, missing, added].map(
      async (tar) => (await verifyBundle(tar, null)).firstFault?.code,
    )
    expect(await Promise.all(codes)).toEqual([
      'FILE_UNKNOWN',
      'FILE_UNREADABLE',
      'FILE_UNREADABLE',
      'FILE_UNKNOWN',
    ])
  })

  test('reads the statements that rotate-key signs', async () => {
    const [one, two] = (await both()).map(readRotationStatement)
    expect([one!.oldKey, one!.newKey, two!.oldKey, two!.newKey]).toEqual([keys[0], keys[1], keys[1], keys[2]])
  })
})
