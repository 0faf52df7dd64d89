import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
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
    const { stdout } = await at.cutter(['verify', bundle, '--timestamp-ca', authority.ca])
    expect(stdout).toMatch(/^time {5}closeout existed at 20\S+Z, says "CN=Time of tests", whom you trust$/m)
    expect(stdout).toMatch(
      /^time {5}closeout is in the log cutter.example.org\/main, whose witnesses you do not trust/m,
    )
  })

  test('are checked by hand with openssl as the manual shows', async () => {
    const files = await filesIn(readFileSync(bundle))
    const [token, data] = ['times/closeout.tsr', 'closeout.json.sig'].map((path, index) =>
      at.file(`by-hand-${index}`, files.get(path)!),
    )
    const args = ['ts', '-verify', '-in', token!, '-data', data!, '-CAfile', authority.ca]
    expect(spawnSync('openssl', args, { encoding: 'utf8' }).stdout).toContain('Verification: OK')
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
})
