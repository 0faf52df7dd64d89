import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pageOfRecord } from '../../../src/app/closeout-deps.ts'
import { completeProofs } from '../../../src/app/proofs/complete-proofs.ts'
import { instanceLogFile, logKeyOf } from '../../../src/app/proofs/instance-log.ts'
import { manifestText } from '../../../src/bundle/bundle-files.ts'
import { MANIFEST } from '../../../src/bundle/bundle-paths.ts'
import { asBuffer } from '../../../src/bundle/tar.ts'
import { INTEGRITY_ONLY, verifyBundle } from '../../../src/bundle/verify-bundle.ts'
import { writeBundle } from '../../../src/bundle/write-bundle.ts'
import type { Run } from '../../../src/domain/run.ts'
import { formatNoteKey, parseNoteKey } from '../../../src/domain/signed-note.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { aBundleMaker, type Bundles, filesIn, tarOf } from '../../bundle/bundle-fixture.ts'
import { removeFolders } from '../../store/store-folders.ts'
import { aLogWitness, type LogWitness } from '../../support/log-witness.ts'
import { describeWithKeys } from '../../support/ssh-keys.ts'
import { aTimeAuthority, type TimeAuthority } from '../../support/time-authority.ts'

/** What an instance asks for, keeps and puts into bundles, and what both verifiers believe of it and of forgeries. */

const SECOND = resolve(import.meta.dirname, '../../../docs/verify_times.py')
const ORIGIN = 'cutter.example.org/main'

describeWithKeys('proofs of time', () => {
  let at: Bundles
  let authority: TimeAuthority
  let witness: LogWitness
  let live: Buffer
  let folder: string

  beforeAll(async () => {
    ;[at, authority, witness] = await Promise.all([aBundleMaker(), aTimeAuthority(), aLogWitness()])
    folder = at.sealing.folder
    const first = await at.closed('live')
    witness.know(formatNoteKey((await logKeyOf(folder, 'quiet_host', ORIGIN)).key))
    live = (await exported(first)).tar
  })
  afterAll(async () => {
    await Promise.all([authority?.close(), witness?.close(), at?.remove()])
    removeFolders()
  })

  const asked = (url = authority.url) => ({
    timestamp: { url },
    log: { origin: ORIGIN, witnesses: [{ url: witness.url, key: witness.key }] },
  })
  async function completed(run: Run, evidence = asked()): Promise<string[]> {
    const missing: string[] = []
    const warn = (text: string) => void missing.push(text)
    const interrupt = new AbortController().signal
    const home = dirname(folder)
    const { store } = at.sealing
    await completeProofs({ home, store, tools: TRUSTED_TOOLS, interrupt, warn }, evidence, run)
    return missing
  }
  async function exported(run: Run, evidence = asked()) {
    const missing = await completed(run, evidence)
    const file = join(folder, `${run.runId}-${missing.length}.tar`)
    await writeBundle({ ...at.sealing, renderPage: pageOfRecord }, run, file)
    return { missing, tar: readFileSync(file) }
  }
  /** The parts that each verifier misses for a checker who trusts the authority and the witness, and Cutter's verdict. */
  async function missed(tar: Buffer, ca = authority.ca, key = witness.key) {
    const file = join(folder, 'checked.tar')
    writeFileSync(file, tar)
    const times = { authorities: ca, witnesses: [parseNoteKey(key)!], tools: TRUSTED_TOOLS }
    const findRequiredGates = () => []
    const verdict = await verifyBundle(tar, {
      ...INTEGRITY_ONLY,
      findRequiredGates,
      times,
      renderPage: pageOfRecord,
    })
    expect(verdict).toMatchObject({ holds: true, firstFault: null })
    const options = ['--timestamp-ca', ca, '--witnesses', at.keys.file('witnesses', `# ours\n${key}\n`)]
    const { status, stdout, stderr } = spawnSync('python3', [SECOND, file, ...options], { encoding: 'utf8' })
    if (stdout === '') throw new Error(stderr)
    const { unmet } = JSON.parse(stdout) as { unmet: string[] }
    expect({ status, unmet: unmet.length }).toEqual({
      status: unmet.length === 0 ? 0 : 3,
      unmet: verdict.unmet.length,
    })
    return { unmet: unmet.sort(), verdict }
  }

  test('are in the bundle, and both verifiers believe them with the authority and the witness of the checker', async () => {
    const { unmet, verdict } = await missed(live)
    expect(unmet).toEqual([])
    expect(verdict.times.map(({ kind, by, trusted, fault }) => [kind, by, trusted, fault])).toEqual([
      ['time-token', 'CN=Time of tests', true, null],
      ['time-token', 'CN=Time of tests', true, null],
      ['time-token', 'CN=Time of tests', true, null],
      ['log-proof', 'witness.example.org/w1', true, null],
    ])
    expect(verdict.notes.join()).not.toContain('does not check')
  })

  test('of others than the checker’s authority and witness count for nothing', async () => {
    const [other, stranger] = await Promise.all([aLogWitness(), aTimeAuthority('Nobody in particular')])
    const { unmet, verdict } = await missed(live, stranger.ca, other.key)
    await Promise.all([other.close(), stranger.close()])
    expect(unmet).toHaveLength(4)
    expect(verdict.times.filter(({ trusted }) => trusted)).toEqual([])
  })

  const edited = (was: Uint8Array, pattern: RegExp, by: string) => {
    const text = Buffer.from(was).toString('latin1')
    expect(text).toMatch(pattern)
    return Buffer.from(text.replace(pattern, by), 'latin1')
  }
  const flipped = (was: Uint8Array, line: number, place: number) => {
    const lines = asBuffer(was).toString('utf8').split('\n')
    const words = lines.at(line)!.split(' ')
    const bytes = Buffer.from(words.at(-1)!, 'base64')
    bytes.writeUInt8(bytes.at(place)! ^ 1, place < 0 ? bytes.length + place : place)
    lines[lines.length + line] = [...words.slice(0, -1), bytes.toString('base64')].join(' ')
    return Buffer.from(lines.join('\n'))
  }
  const [TOKEN, PROOF] = ['times/closeout.tsr', 'witnesses/closeout.txt']
  test.each<[string, string, (was: Uint8Array, files: Map<string, Uint8Array>) => Uint8Array]>([
    [
      'a token of an approval',
      TOKEN!,
      (_, files) => [...files].find(([path]) => path.startsWith('times/ap-'))![1],
    ],
    ['a token whose time was edited', TOKEN!, (was) => edited(was, /20\d{12}Z/, '20200101000000Z')],
    ['a token cut short', TOKEN!, (was) => was.slice(0, 200)],
    [
      'a token with another last byte',
      TOKEN!,
      (was) => Buffer.concat([was.slice(0, -1), Buffer.from([was.at(-1)! ^ 1])]),
    ],
    ['a proof at another place', PROOF!, (was) => edited(was, /index 0/, 'index 1')],
    ['a checkpoint of another size', PROOF!, (was) => edited(was, /main\n1\n/, 'main\n2\n')],
    ['a checkpoint of another log', PROOF!, (was) => edited(was, /org\/main\n/, 'org/else\n')],
    ['a checkpoint of another root', PROOF!, (was) => flipped(was, -5, 3)],
    ['a cosignature of another time', PROOF!, (was) => flipped(was, -2, 11)],
    ['a cosignature with another last byte', PROOF!, (was) => flipped(was, -2, -1)],
    ['a cosignature of another key id', PROOF!, (was) => flipped(was, -2, 0)],
    [
      'a proof without cosignature',
      PROOF!,
      (was) =>
        Buffer.from(
          asBuffer(was)
            .toString()
            .replace(/\u2014 witness.*\n/, ''),
        ),
    ],
    ['a proof of another version', PROOF!, (was) => edited(was, /proof@v1/, 'proof@v2')],
  ])('prove nothing to either verifier by %s', async (_, path, forge) => {
    const files = new Map(await filesIn(live))
    files.set(path, forge(files.get(path)!, files))
    files.set(MANIFEST, Buffer.from(manifestText(files)))
    expect((await missed(await tarOf(files))).unmet).toEqual([path])
  })

  test('continue one log: witnesses cosign each closeout with a consistency proof', async () => {
    for (let count = 0; count < 4; count++) {
      const run = await at.closed(count % 2 === 0 ? 'live' : 'dry-run')
      const { missing, tar } = await exported(run)
      expect({ count, missing, unmet: (await missed(tar)).unmet }).toEqual({ count, missing: [], unmet: [] })
    }
    expect(witness.sizes.get(ORIGIN)).toBe(5)
    // The first run's proof is kept as it was made.
    expect((await missed(live)).unmet).toEqual([])
  })

  test.each(['fails', 'is silent', 'replays'] as const)('come later where the authority %s', async (mode) => {
    const run = await at.closed('live')
    authority.mode = mode
    const { missing, tar } = await exported(run)
    expect(missing).toHaveLength(3)
    for (const sentence of missing) expect(sentence).toMatch(/^no time token for .*; the run is not affected/)
    expect((await missed(tar)).unmet).toHaveLength(3)
    authority.mode = 'tokens'
    expect((await missed((await exported(run)).tar)).unmet).toEqual([])
  })

  test('come later where nobody listens, and are not asked for where cutter.yaml names nobody', async () => {
    const run = await at.closed('live')
    const gone = await aTimeAuthority()
    await gone.close()
    expect((await completed(run, asked(gone.url))).join()).toMatch(
      /no answer from 127\.0\.0\.1:\d+: ECONNREFUSED/,
    )
    const before = authority.asked
    expect(await completed(run, {} as never)).toEqual([])
    expect(authority.asked).toBe(before)
  })

  test('name an older copy of the log, and a log that the witness does not know', async () => {
    const log = instanceLogFile(folder)
    const all = readFileSync(log, 'utf8')
    writeFileSync(log, `${all.split('\n').slice(0, 2).join('\n')}\n`)
    const run = await at.closed('live')
    expect((await completed(run)).join()).toMatch(
      /has cosigned \d+ closeouts of this log, which has 3: .*older copy/,
    )
    writeFileSync(log, all)
    const elsewhere = { ...asked(), log: { ...asked().log, origin: 'cutter.example.org/unknown' } }
    expect((await completed(run, elsewhere)).join()).toContain(
      '404: it does not know this log; cutter doctor shows',
    )
  })

  test('of a log whose last line a crash cut short leave that line out', async () => {
    const log = instanceLogFile(folder)
    writeFileSync(log, `${readFileSync(log, 'utf8')}0123456789abcdef`)
    const { missing, tar } = await exported(await at.closed('live'))
    expect(missing).toEqual([])
    expect((await missed(tar)).unmet).toEqual([])
  })

  test('of a page: the one of this record is accepted, another one is named', async () => {
    const files = new Map(await filesIn(live))
    expect(asBuffer(files.get('report.html')!).toString()).toContain('<h2>Approvers</h2>')
    files.set(
      'report.html',
      Buffer.from(asBuffer(files.get('report.html')!).toString().replace('alice', 'mallory')),
    )
    files.set(MANIFEST, Buffer.from(manifestText(files)))
    const { verdict } = await missed(await tarOf(files))
    expect(verdict.holds).toBe(true)
    expect(verdict.notes.join()).toContain(
      'report.html is not the page that this version of Cutter makes of this run',
    )
    expect((await missed(live)).verdict.notes.join()).not.toContain('report.html')
  })
})

describe('keys of logs and witnesses', () => {
  test('are read as their operators write them, and refused with another name, id or type', () => {
    // The example of https://c2sp.org/signed-note.
    const known = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
    expect(parseNoteKey(known)).toMatchObject({ name: 'PeterNeumann', type: 'log' })
    expect(formatNoteKey(parseNoteKey(known)!)).toBe(known)
    for (const other of [
      known.replace('Peter', 'Paul'),
      known.replace('c7', 'c8'),
      known.slice(0, -4),
      '',
      'a+b',
    ])
      expect(parseNoteKey(other), other).toBeNull()
  })
})
