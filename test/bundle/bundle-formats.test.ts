import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { findRequiredGates } from '../../src/builtin/required-gates.ts'
import { manifestText } from '../../src/bundle/bundle-files.ts'
import { MANIFEST } from '../../src/bundle/bundle-paths.ts'
import { CLOSEOUT_NAMESPACE, closeoutText } from '../../src/bundle/closeout-statement.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { asBuffer, type Files } from '../../src/bundle/tar.ts'
import { INTEGRITY_ONLY, type Verdict, verifyBundle as verifyWith } from '../../src/bundle/verify-bundle.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import {
  aBundleMaker,
  type Bundles,
  bundleOf,
  filesIn,
  recordIn,
  tarOf,
  verifyBundle,
} from './bundle-fixture.ts'

/** Written by commit ec8f423, which knew no format number, with the verdicts that its own `verify` gave. */
const fixtures = join(import.meta.dirname, '../fixtures/format-1-bundles')
const fixture = (name: string) => readFileSync(join(fixtures, name))
const names = readdirSync(fixtures)
  .filter((name) => name.endsWith('.tar'))
  .map((name) => name.replace('.tar', ''))

/** Bundles of complete runs of every shipped machine, exported by the same release. */
const releases = join(import.meta.dirname, '../fixtures/ec8f423/bundles')
const released = readdirSync(releases)
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.replace('.tar.gz', ''))

type Given = Omit<Verdict, 'format'>
const given = JSON.parse(fixture('verdicts.json').toString()) as {
  [name: string]: { signers: string; trusted: Given; untrusted: Given }
}

const json = (files: Files, path: string) => JSON.parse(asBuffer(files.get(path)!).toString())
const withManifest = (files: Files) => tarOf(new Map(files).set(MANIFEST, Buffer.from(manifestText(files))))
async function altered(tar: Buffer, path: string, change: (text: string) => string): Promise<Buffer> {
  const files = new Map(await filesIn(tar))
  files.set(path, Buffer.from(change(asBuffer(files.get(path)!).toString())))
  return withManifest(files)
}

describeWithKeys('verify of a format 1 bundle', () => {
  test.each(names)('gives for %s the verdict of the version that wrote it', async (name) => {
    const { signers, trusted, untrusted } = given[name]!
    for (const [expected, file] of [
      [trusted, join(fixtures, signers)],
      [untrusted, null],
    ] as const) {
      const { format, notes, ...verdict } = await verifyBundle(fixture(`${name}.tar`), file)
      const { notes: earlierNotes, ...earlier } = expected
      expect(verdict).toMatchObject(earlier)
      expect({ format, notes: notes.length }).toEqual({ format: 1, notes: earlierNotes.length })
    }
  })

  test.each(released)('answers for the released bundle %s as the release did', async (name) => {
    const { notes: earlierNotes, ...earlier } = JSON.parse(
      readFileSync(join(releases, `${name}.verify.json`), 'utf8'),
    ) as Given
    const tar = gunzipSync(readFileSync(join(releases, `${name}.tar.gz`)))
    const trust = { signers: join(releases, 'allowed_signers'), revoked: null }
    const { format, notes, ...verdict } = await verifyWith(tar, {
      ...INTEGRITY_ONLY,
      trust,
      findRequiredGates,
    })
    expect(verdict).toMatchObject(earlier)
    expect({ format, notes: notes.length }).toEqual({ format: 1, notes: earlierNotes.length })
  })

  test('refuses another text in VERIFY.md', async () => {
    const tar = await altered(fixture('live-closed.tar'), 'VERIFY.md', (text) =>
      text.replace('sha256sum -c', 'true'),
    )
    expect((await verifyBundle(tar, null)).firstFault).toMatchObject({ code: 'VERIFY_TEXT_DIFFERS' })
  })

  test('refuses fields and files that only format 2 has', async () => {
    const tar = fixture('live-closed.tar')
    for (const [field, value] of Object.entries({
      instructions: 1,
      unsettledWrites: [],
      outcome: 'abandoned',
    })) {
      const changed = await altered(tar, 'run.json', (text) =>
        canonicalJson({ ...JSON.parse(text), [field]: value }),
      )
      expect((await verifyBundle(changed, null)).firstFault, field).toMatchObject({ code: 'FILE_UNREADABLE' })
    }
    const files = new Map(await filesIn(tar)).set('report.html', Buffer.from('<p>'))
    expect((await verifyBundle(await withManifest(files), null)).firstFault).toMatchObject({
      code: 'FILE_UNKNOWN',
      file: 'report.html',
    })
  })
})

describeWithKeys('verify of a format 2 bundle', () => {
  let at: Bundles
  let live: Buffer
  beforeAll(async () => {
    at = await aBundleMaker()
    live = await at.exported(await at.closed('live'))
  })
  afterAll(async () => {
    await at.remove()
    removeFolders()
  })
  const verdictOf = async (change: (record: RunRecord) => void) => {
    const record = await recordIn(live)
    change(record)
    return verifyBundle(await bundleOf(record, live), null)
  }

  test('holds, and names the format that run.json records', async () => {
    expect(json(await filesIn(live), 'run.json')).toMatchObject({ format: 2, instructions: 1 })
    expect(await verifyBundle(live, null)).toMatchObject({ holds: true, format: 2 })
  })

  test.each([5, 1, 0, '2', null, 2.5])('refuses the format %j by its name', async (format) => {
    const tar = await altered(live, 'run.json', (text) => canonicalJson({ ...JSON.parse(text), format }))
    expect((await verifyBundle(tar, null)).firstFault).toEqual({
      code: 'FORMAT_UNKNOWN',
      file: 'run.json',
      message: `the bundle has the format ${JSON.stringify(format)}; this version of Cutter reads the formats 1, 2, 3 and 4`,
    })
  })

  test('refuses a bundle whose format number was removed', async () => {
    const tar = await altered(live, 'run.json', (text) => {
      const { format: _, ...run } = JSON.parse(text)
      return canonicalJson(run)
    })
    expect((await verifyBundle(tar, null)).firstFault).toMatchObject({
      code: 'FILE_UNREADABLE',
      file: 'run.json',
    })
  })

  test('refuses instructions of an unknown wording', async () => {
    const tar = await altered(live, 'run.json', (text) =>
      canonicalJson({ ...JSON.parse(text), instructions: 3 }),
    )
    expect((await verifyBundle(tar, null)).firstFault).toMatchObject({
      code: 'FILE_UNREADABLE',
      file: 'run.json',
    })
  })

  const part = (path: (record: RunRecord) => string, content: string | Buffer) => (record: RunRecord) => {
    record.optionalParts.set(path(record), Buffer.from(content))
  }
  const ofApproval = (folder: string, end: string) => (record: RunRecord) =>
    `${folder}/${record.approvals[0]!.approvalId}.${end}`
  const keyNote = {
    application: 'cutter.example.org',
    counter: 7,
    flags: 5,
    origin: 'https://cutter.example.org',
  }
  const optional: [string, (record: RunRecord) => void][] = [
    [
      'witness cosignature',
      part(() => 'witnesses/example.org.txt', 'example.org/log\n18\nhead\n\n— example.org c2ln\n'),
    ],
    ['security key note', part(ofApproval('keys', 'json'), canonicalJson(keyNote))],
    ['HTML page', part(() => 'report.html', '<!doctype html>\n')],
  ]
  test.each(optional)('has room for a %s, and notes that it is not checked', async (name, change) => {
    const { holds, firstFault, notes } = await verdictOf(change)
    expect({ holds, firstFault }).toEqual({ holds: true, firstFault: null })
    expect(notes).toContain(`the bundle holds 1 ${name}, which this version of Cutter does not check`)
  })

  test.each([
    ['an approval', ofApproval('times', 'tsr')],
    ['the closeout', () => 'times/closeout.tsr'],
  ])('holds with a time token of %s that openssl can’t read, and says so', async (_, path) => {
    const { holds, firstFault, times } = await verdictOf(
      part(path, Buffer.from([0x30, 0x03, 0x02, 0x01, 0x00])),
    )
    expect({ holds, firstFault }).toEqual({ holds: true, firstFault: null })
    expect(times).toMatchObject([
      { kind: 'time-token', trusted: false, fault: 'openssl reads no time token in it' },
    ])
  })

  test.each<[string, (record: RunRecord) => void]>([
    ['a time token that is not DER', part(ofApproval('times', 'tsr'), 'now')],
    ['a cosignature that is not a signed note', part(() => 'witnesses/example.org.txt', 'trust me\n')],
    [
      'a security key note with another field',
      part(ofApproval('keys', 'json'), canonicalJson({ ...keyNote, by: 'me' })),
    ],
    [
      'a security key note in another form',
      part(ofApproval('keys', 'json'), JSON.stringify(keyNote, null, 1)),
    ],
    ['a page that is not UTF-8', part(() => 'report.html', Buffer.from([0xff, 0xfe]))],
  ])('refuses %s', async (_, change) => {
    expect((await verdictOf(change)).firstFault).toMatchObject({ code: 'FILE_UNREADABLE' })
  })

  test('refuses a time token of an approval that the bundle does not hold', async () => {
    const path = `times/ap-${'0'.repeat(32)}.tsr`
    const { firstFault } = await verdictOf(part(() => path, Buffer.from([0x30])))
    expect(firstFault).toMatchObject({ code: 'FILE_UNKNOWN', file: path })
  })

  const unsettled = {
    phase: 'cut_leg_a',
    seq: 9,
    attempt: 1,
    startedAt: '2026-03-01T09:00:00.000Z',
    known: 'the target could not be reached',
  }

  test('has room for unsettled writes, which the signed closeout must list too', async () => {
    const listed = (record: RunRecord) => void record.unsettledWrites.push(unsettled)
    expect((await verdictOf(listed)).firstFault).toMatchObject({ code: 'CLOSEOUT_DIFFERS' })
    const keyFile = at.keys.key('instance')
    const record = await recordIn(live)
    listed(record)
    const { instance } = record.closeout!
    const text = closeoutText(record, instance)
    expect(JSON.parse(text)).toMatchObject({
      predicateType: 'urn:cutter:closeout:v2',
      predicate: { outcome: 'succeeded', unsettledWrites: [unsettled] },
    })
    instance.publicKey = `${at.keys.publicKey('instance')} ${instance.signer}`
    instance.signature = await signText({ text, keyFile, namespace: CLOSEOUT_NAMESPACE })
    record.closeout!.text = text
    const { holds, notes } = await verifyBundle(await bundleOf(record, live), null)
    expect(holds).toBe(true)
    expect(notes).toContain(
      'the bundle lists 1 unsettled write; this version of Cutter does not check that list',
    )
  })

  test('refuses an unsettled write of another shape, and an empty list', async () => {
    for (const unsettledWrites of [[], [{ ...unsettled, seq: 0 }], [{ ...unsettled, more: 1 }], unsettled]) {
      const tar = await altered(live, 'run.json', (text) =>
        canonicalJson({ ...JSON.parse(text), unsettledWrites }),
      )
      expect((await verifyBundle(tar, null)).firstFault).toMatchObject({
        code: 'FILE_UNREADABLE',
        file: 'run.json',
      })
    }
  })

  test('has room for the outcome abandoned, in run.json and in the last entry', async () => {
    const verdict = await verdictOf((record) => {
      record.closeout = null
      record.run.outcome = 'abandoned' as never
    })
    // The shape is known; the history of this run has another outcome.
    expect(verdict.firstFault).toMatchObject({
      code: 'RUN_DIFFERS',
      message: expect.stringContaining('outcome'),
    })
  })
})

describe('the folder of format 1', () => {
  test('takes values only from JSON and zod, so that a change elsewhere does not change its bytes', () => {
    const folder = join(import.meta.dirname, '../../src/bundle/format-1')
    const values = readdirSync(folder).flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/^import (?!type)[^']*'([^']+)'/gm)].map(
        ([, from]) => from,
      ),
    )
    const outside = values.filter((from) => !from!.startsWith('./'))
    expect(new Set(outside)).toEqual(new Set(['../../domain/json.ts', '../bundle-fault.ts', 'zod']))
  })
})
