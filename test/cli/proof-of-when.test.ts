import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/bundle/verify-bundle.ts'
import type { WrittenBundle } from '../../src/bundle/write-bundle.ts'
import type { Finding } from '../../src/service/doctor.ts'
import { filesIn } from '../bundle/bundle-fixture.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, approve, aSigner, charter, enableExecution, LIVE, started } from '../support/cli-steps.ts'
import { aLogWitness, type LogWitness } from '../support/log-witness.ts'
import { aTimeAuthority, type TimeAuthority } from '../support/time-authority.ts'

/**
 * Time tokens of RFC 3161 and cosignatures of witnesses, from cutter.yaml to `verify`, with an authority of openssl and a witness that shares no code
 * with Cutter. Both verifiers answer alike.
 */

const SECOND = resolve(import.meta.dirname, '../../docs/verify_times.py')
const MANUAL = resolve(import.meta.dirname, '../../docs/evidence.md')
const ORIGIN = 'cutter.example.org/main'

let at: CutterHome
let key: string
let authority: TimeAuthority
let stranger: TimeAuthority
let witness: LogWitness
let live: string
let bundle: string

const configOf = () =>
  `${LIVE}evidence:
  timestamp: { url: "${authority.url}" }
  log:
    origin: ${ORIGIN}
    witnesses: [{ url: "${witness.url}", key: "${witness.key}" }]
`

async function exported(run: string, name: string): Promise<WrittenBundle> {
  return jsonOf<WrittenBundle>(await at.cutter(['run', 'export', run, '--out', at.path(name), '--json']))
}

interface Both {
  verdict: Verdict
  code: number
  second: { status: number | null; unmet: string[] }
}

/** What both verifiers answer with these options about time. The signers of the home are trusted. */
async function checked(file: string, options: string[]): Promise<Both> {
  const answer = await at.cutter([
    'verify',
    file,
    '--signers',
    at.path('allowed_signers'),
    ...options,
    '--json',
  ])
  const { status, stdout, stderr } = spawnSync('python3', [SECOND, file, ...options], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return { verdict: jsonOf<Verdict>(answer), code: answer.code, second: { status, ...JSON.parse(stdout) } }
}

beforeAll(async () => {
  ;[authority, stranger, witness] = await Promise.all([
    aTimeAuthority(),
    aTimeAuthority('Nobody in particular'),
    aLogWitness(),
  ])
  at = aCutterHome(LIVE)
  writeFileSync(at.path('cutter.yaml'), configOf())
  key = aSigner(at, ALICE, 'cutter.cut.*,cutter.closeout')
  at.file('charter.md', charter('All water is shared.', 'Nobody owns the river.'))
  at.file('witnesses', `# ours\n${witness.key}\n`)
  await at.server()
  await enableExecution(at)
  const findings = jsonOf<Finding[]>(await at.cutter(['doctor', '--json']))
  const shown = findings.find(({ check }) => check === 'log of closeouts')!.message
  witness.know(shown.replace(/^each witness must know \S+ by /, ''))
  live = await started(at, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
  await approve(at, live, key)
  await approve(at, live, key)
  bundle = at.path('one.tar')
  await exported(live, 'one.tar')
}, 120_000)
afterAll(async () => {
  await Promise.all([authority?.close(), stranger?.close(), witness?.close()])
  await at?.remove()
})

describe('proofs of time', () => {
  test('are kept in the bundle: a token for each approval and the closeout, and a cosigned log', async () => {
    const files = await filesIn(readFileSync(bundle))
    const paths = [...files.keys()].filter((path) => /^(times|witnesses)\//.test(path))
    expect(paths).toHaveLength(4)
    expect(paths).toContain('times/closeout.tsr')
    expect(Buffer.from(files.get('witnesses/closeout.txt')!).toString()).toMatch(
      /^c2sp\.org\/tlog-proof@v1\nindex 0\n\ncutter\.example\.org\/main\n1\n/,
    )
    expect(witness.sizes.get(ORIGIN)).toBe(1)
  })

  test('are shown and trusted with the checker’s own authority and witness', async () => {
    const { verdict, code, second } = await checked(bundle, [
      '--timestamp-ca',
      authority.ca,
      '--witnesses',
      at.path('witnesses'),
    ])
    expect({ code, unmet: verdict.unmet, second }).toMatchObject({
      code: 0,
      unmet: [],
      second: { status: 0, unmet: [] },
    })
    expect(
      verdict.times.map(({ of, by, trusted, fault }) => [of.replace(/^ap-.*/, 'ap'), by, trusted, fault]),
    ).toEqual([
      ['ap', 'CN=Time of tests', true, null],
      ['ap', 'CN=Time of tests', true, null],
      ['closeout', 'CN=Time of tests', true, null],
      ['closeout', 'witness.example.org/w1', true, null],
    ])
    for (const { at: time } of verdict.times)
      expect(Math.abs(Date.parse(time!) - Date.now())).toBeLessThan(300_000)
    // As the page on evidence writes it: from the folder where the file lies.
    const file = relative(at.path('.'), authority.ca)
    const { stdout } = await at.cutter(['verify', bundle, '--timestamp-ca', file])
    expect(stdout).toMatch(/^time {5}closeout existed at 20\S+Z, says "CN=Time of tests", whom you trust$/m)
    expect(stdout).toMatch(
      /^time {5}closeout is in the log cutter.example.org\/main, whose witnesses you do not trust/m,
    )
  })

  test('count for nobody with another authority or witness, and the bundle still holds', async () => {
    const other = await aLogWitness('witness.example.org/w1')
    await other.close()
    const foreign = at.file('other-witnesses', `${other.key}\n`)
    for (const [options, unmet] of [
      [['--timestamp-ca', stranger.ca], 3],
      [['--witnesses', foreign], 1],
    ] as const) {
      const { verdict, code, second } = await checked(bundle, [...options])
      expect({ holds: verdict.holds, code, unmet: verdict.unmet.length }).toEqual({
        holds: true,
        code: 3,
        unmet,
      })
      expect(second).toMatchObject({ status: 3 })
      expect(second.unmet).toHaveLength(unmet)
    }
  })

  test('never block a run: the authority and the witness are silent', async () => {
    authority.mode = 'is silent'
    const known = witness.sizes.get(ORIGIN)
    at.file('blocked.md', charter('With an authority that is silent.'))
    const run = await started(at, { document: 'BLOCKED', source: 'blocked.md' })
    const cancelled = await at.cutter(['run', 'cancel', run, '--reason', 'a test', '--json'])
    expect(jsonOf<{ outcome: string }>(cancelled).outcome).toBe('cancelled')
    expect(cancelled.stderr).toMatch(/no time token for the closeout: .*; the run is not affected/)
    expect((await exported(run, 'without.tar')).unproven).toHaveLength(1)
    expect(witness.sizes.get(ORIGIN)).toBe(known! + 1)
    authority.mode = 'tokens'
    expect((await exported(run, 'later.tar')).unproven).toBeUndefined()
    const { verdict } = await checked(at.path('later.tar'), ['--timestamp-ca', authority.ca])
    expect(verdict.unmet).toEqual([])
  })

  describe('by hand, with the commands of the manual', () => {
    const blocks = readFileSync(MANUAL, 'utf8').split('```sh\n').slice(1)
    const byHand = (start: string) => blocks.find((block) => block.startsWith(start))!.split('```')[0]!
    /** Runs a block in a folder with the files of a bundle. The checker's own files lie next to it. */
    async function ran(block: string, tar: string, ca = authority.ca, edit = (text: string) => text) {
      const folder = mkdtempSync(join(at.home, 'by-hand-'))
      const inside = join(folder, 'bundle')
      copyFileSync(ca, join(folder, 'authorities.pem'))
      copyFileSync(at.path('witnesses'), join(folder, 'witnesses'))
      for (const [path, bytes] of await filesIn(readFileSync(tar))) {
        mkdirSync(join(inside, path, '..'), { recursive: true })
        writeFileSync(join(inside, path), bytes)
      }
      const proof = join(inside, 'witnesses/closeout.txt')
      writeFileSync(proof, edit(readFileSync(proof, 'utf8')))
      return spawnSync('bash', ['-eu', '-c', block], { cwd: inside, encoding: 'utf8' })
    }

    test('each token is of an authority of the checker, and of no other', async () => {
      const { status, stdout } = await ran(byHand('for token'), bundle)
      expect([status, stdout.match(/Verification: OK/g)?.length]).toEqual([0, 3])
      expect((await ran(byHand('for token'), bundle, stranger.ca)).status).not.toBe(0)
    })

    test.each(['one.tar', 'later.tar'])(
      'the closeout of %s is in the log that the witness signed',
      async (tar) => {
        const { status, stdout, stderr } = await ran(byHand('proof='), at.path(tar))
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
        expect(stdout).toMatch(
          /Signature Verified Successfully\nwitness\.example\.org\/w1 saw the closeout at /,
        )
      },
    )

    test.each<[string, (text: string) => string]>([
      ['another place in the log', (text) => text.replace(/^index .*$/m, 'index 0')],
      ['another root', (text) => text.replace(/^(.{40}\S{3}=)\n\n—/m, `${'A'.repeat(43)}=\n\n—`)],
      [
        'another signature',
        (text) => text.replace(/(— witness\S+ \S{60})\S/, '$1A').replace(/(— witness\S+ \S{61})\S/, '$1B'),
      ],
    ])('%s stops the commands', async (_, edit) => {
      const { status } = await ran(byHand('proof='), at.path('later.tar'), authority.ca, edit)
      expect(status).not.toBe(0)
    })
  })
})
