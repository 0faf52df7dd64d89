import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FaultCode } from '../../src/bundle/bundle-fault.ts'
import { MANIFEST } from '../../src/bundle/bundle-paths.ts'
import type { Files } from '../../src/bundle/tar.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { aBundleMaker, type Bundles, filesIn, recordIn, tarOf, verifyBundle } from './bundle-fixture.ts'
import { alter, editFile, forge } from './forge-bundle.ts'

/** Files of a bundle that somebody changed, removed, added, or took from the bundle of another run. */

let at: Bundles
let good: Buffer
let another: Buffer

beforeAll(async () => {
  at = await aBundleMaker()
  good = await at.exported(await at.closed('live'))
  another = await at.exported(await at.closed('live'))
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

const faultIn = async (tar: Buffer) => (await at.verify(tar)).firstFault

describeWithKeys('verify of an altered bundle', () => {
  test('accepts the bundle without a change', async () => {
    expect(await faultIn(good)).toBeNull()
    expect(await faultIn(another)).toBeNull()
    expect(await faultIn(await forge(good, () => {}))).toBeNull()
  })

  test('refuses any changed byte', async () => {
    for (let index = 0; index < 300; index += 1) {
      const position = (index * 7919 + 13) % good.length
      const flipped = Buffer.from(good)
      flipped[position]! ^= 1 << (index % 8)
      expect((await verifyBundle(flipped, null)).firstFault, `byte ${position}`).not.toBeNull()
    }
  })

  test.each<[string, string | RegExp]>([
    ['a history entry', 'history.jsonl'],
    ['a plan', /^plans\/SG1/],
    ['a receipt', /^evidence\//],
    ['a statement', /^approvals\/.*json$/],
    ['a signature', /^approvals\/.*sig$/],
    ['the snapshot', 'snapshot.json'],
    ['the run', 'run.json'],
    ['the closeout', 'closeout.json'],
    ['the closeout’s signature', 'closeout.json.sig'],
    ['the words on how to check it', 'VERIFY.md'],
  ])('refuses a change in %s by the manifest', async (_, name) => {
    const files = new Map(await filesIn(good))
    editFile(files, name, (text) =>
      text.replace(/[a-z0-9](?=[^a-z0-9]*$)/, (last) => (last === 'a' ? 'b' : 'a')),
    )
    expect(await faultIn(await tarOf(files))).toMatchObject({
      code: 'MANIFEST_WRONG',
      file: typeof name === 'string' ? name : expect.stringMatching(name),
    })
  })

  /** The same armor with another sign in the last line of the signature. */
  const otherSignature = (text: string) =>
    text.replace(/(.)(.{5})\n-----END/, (_, sign, rest) => `${sign === 'A' ? 'B' : 'A'}${rest}\n-----END`)
  const laterDigit = (text: string) => text.replace(/"by":"engine"/, '"by":"nobody"')
  test.each<[string, FaultCode, string, (files: Files) => void]>([
    ['a history entry', 'HISTORY_BROKEN', 'history.jsonl', (f) => editFile(f, 'history.jsonl', laterDigit)],
    [
      'the order of entries',
      'HISTORY_BROKEN',
      'history.jsonl',
      (f) => editFile(f, 'history.jsonl', (text) => text.replace(/^(.*\n.*\n)(.*\n)(.*\n)/, '$1$3$2')),
    ],
    [
      'a last entry that is gone, with the evidence that it names',
      'FILE_UNKNOWN',
      'evidence/',
      (f) => editFile(f, 'history.jsonl', (text) => text.replace(/.*\n$/, '')),
    ],
    [
      'a first entry that is gone',
      'RUN_DIFFERS',
      'genesis.json',
      (f) => editFile(f, 'history.jsonl', (text) => text.replace(/^.*\n/, '')),
    ],
    [
      'the first facts',
      'RUN_DIFFERS',
      'genesis.json',
      (f) => editFile(f, 'genesis.json', (text) => text.replace('deploybot', 'deploybox')),
    ],
    [
      'the run’s outcome',
      'RUN_DIFFERS',
      'run.json',
      (f) =>
        editFile(f, 'run.json', (text) => text.replace('"outcome":"succeeded"', '"outcome":"rolled-back"')),
    ],
    [
      'the run’s mode',
      'RUN_DIFFERS',
      'run.json',
      (f) => editFile(f, 'run.json', (text) => text.replace('"mode":"live"', '"mode":"dry-run"')),
    ],
    [
      'the snapshot',
      'SNAPSHOT_DIFFERS',
      'snapshot.json',
      (f) => editFile(f, 'snapshot.json', (text) => text.replace('"status":"done"', '"status":"gone"')),
    ],
    [
      'a plan',
      'PLAN_DIFFERS',
      'plans/SG1',
      (f) => editFile(f, /^plans\/SG1/, (text) => text.replace('"a"', '"c"')),
    ],
    [
      'a receipt',
      'EVIDENCE_DIFFERS',
      'evidence/',
      (f) => editFile(f, /^evidence\//, (text) => text.replace('"of"', '"or"')),
    ],
    [
      'a receipt of another name',
      'HISTORY_BROKEN',
      'history.jsonl',
      (f) => editFile(f, 'history.jsonl', (text) => text.replace('receipt/mark', 'receipt/mask')),
    ],
    [
      'a statement',
      'APPROVAL_EDITED',
      'approvals/',
      (f) => editFile(f, /^approvals\/.*json$/, (text) => text.replace('"reason":"read"', '"reason":"rear"')),
    ],
    [
      'a signature',
      'SIGNATURE_INVALID',
      'approvals/',
      (f) => editFile(f, /^approvals\/.*sig$/, otherSignature),
    ],
    [
      'an approval that is gone',
      'GATE_UNAPPROVED',
      'approvals/',
      (f) => {
        for (const path of [...f.keys()].filter((key) => key.startsWith('approvals/')).slice(0, 2))
          f.delete(path)
      },
    ],
    [
      'the closeout',
      'CLOSEOUT_DIFFERS',
      'closeout.json',
      (f) => editFile(f, 'closeout.json', (text) => text.replace('"entries":18', '"entries":19')),
    ],
    [
      'the closeout’s signature',
      'CLOSEOUT_SIGNATURE_INVALID',
      'closeout.json.sig',
      (f) => editFile(f, 'closeout.json.sig', otherSignature),
    ],
    [
      'white space round the closeout’s signature',
      'CLOSEOUT_SIGNATURE_INVALID',
      'closeout.json.sig',
      (f) => editFile(f, 'closeout.json.sig', (text) => `${text} `),
    ],
    [
      'the lines of the closeout’s signature',
      'CLOSEOUT_SIGNATURE_INVALID',
      'closeout.json.sig',
      (f) => editFile(f, 'closeout.json.sig', (text) => text.replace(/(\n.{60})(.{10}\n)/, '$1\n$2')),
    ],
    [
      'the run’s plan',
      'RUN_DIFFERS',
      'run.json',
      (f) =>
        editFile(f, 'run.json', (text) => text.replace(/"planDigest":"sha256:../, '"planDigest":"sha256:00')),
    ],
    [
      'the run’s output',
      'RUN_DIFFERS',
      'run.json',
      (f) => editFile(f, 'run.json', (text) => text.replace('"output":{', '"output":{"enacted":9')),
    ],
    [
      'an end without an outcome',
      'RUN_DIFFERS',
      'run.json',
      (f) => editFile(f, 'run.json', (text) => text.replace('"outcome":"succeeded"', '"outcome":null')),
    ],
    [
      'the instance’s name',
      'FILE_UNREADABLE',
      'instance.pub',
      (f) => editFile(f, 'instance.pub', (text) => text.replace('quiet', 'other')),
    ],
    ['white space', 'FILE_UNREADABLE', 'run.json', (f) => editFile(f, 'run.json', (text) => `${text}\n`)],
    [
      'a file that is gone',
      'FILE_MISSING',
      'evidence/',
      (f) => f.delete([...f.keys()].find((key) => key.startsWith('evidence/'))!),
    ],
    [
      'a file that does not belong',
      'FILE_UNKNOWN',
      'evidence/more',
      (f) => f.set('evidence/more', Buffer.from('x')),
    ],
    ['a closeout that is gone', 'FILE_UNKNOWN', 'closeout.json.sig', (f) => f.delete('closeout.json')],
  ])('refuses a change in %s with a corrected manifest', async (_, code, file, change) => {
    const fault = await faultIn(await alter(good, change))
    expect(fault).toMatchObject({ code, file: expect.stringContaining(file) })
    expect(fault!.message).not.toBe('')
  })

  test('refuses a manifest that omits a file, names an extra one, or has another order', async () => {
    for (const change of [
      (text: string) => text.replace(/.*run\.json\n/, ''),
      (text: string) => `${text}${'0'.repeat(64)}  more.json\n`,
      (text: string) => text.split('\n').slice(0, -1).reverse().join('\n').concat('\n'),
      () => '',
    ]) {
      const files = new Map(await filesIn(good))
      editFile(files, MANIFEST, change)
      expect(await faultIn(await tarOf(files))).toMatchObject({ code: 'MANIFEST_WRONG' })
    }
  })

  test('refuses a bundle with files of another run', async () => {
    const theirs = await filesIn(another)
    const mixed = async (...names: string[]) =>
      faultIn(
        await alter(good, (files) => {
          for (const name of names) files.set(name, theirs.get(name)!)
        }),
      )
    expect(await mixed('closeout.json', 'closeout.json.sig')).toMatchObject({ code: 'CLOSEOUT_DIFFERS' })
    expect(await mixed('closeout.json.sig')).toMatchObject({ code: 'CLOSEOUT_SIGNATURE_INVALID' })
    expect(await mixed('history.jsonl')).toMatchObject({ code: 'RUN_DIFFERS' })
    expect(await mixed('history.jsonl', 'genesis.json')).toMatchObject({ code: 'RUN_DIFFERS' })
    expect(await mixed('history.jsonl', 'genesis.json', 'run.json')).toMatchObject({
      code: 'SNAPSHOT_DIFFERS',
    })
    expect(await mixed('history.jsonl', 'genesis.json', 'run.json', 'snapshot.json')).toMatchObject({
      code: 'APPROVAL_UNNAMED',
    })
    const approvals = (await recordIn(another)).approvals
    expect(
      await faultIn(
        await forge(good, (record) => {
          record.approvals = approvals
        }),
      ),
    ).toMatchObject({
      code: 'APPROVAL_UNNAMED',
    })
  })
})

describeWithKeys('verify of a malformed event', () => {
  test.each([
    ['an arrival that is null', { arrival: null }],
    ['evidence by no digest', { evidence: { x: 'y' } }],
    ['evidence that is a list', { evidence: ['x'] }],
    ['an outcome that there is not', { outcome: 'great' }],
    ['an upgrade from nothing', { type: 'cutter.upgraded' }],
  ])('refuses %s', async (_, fields) => {
    const tar = await alter(good, (files) =>
      editFile(files, 'history.jsonl', (text) => {
        const [first, ...others] = text.split('\n')
        const entry = JSON.parse(first!)
        return [canonicalJson({ ...entry, event: { ...entry.event, ...fields } }), ...others].join('\n')
      }),
    )
    expect(await faultIn(tar)).toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})
