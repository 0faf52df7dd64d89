import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureInstanceKey } from '../../src/approvals/instance-key.ts'
import { computeFingerprint } from '../../src/approvals/openssh/allowed-signers.ts'
import type { Verdict } from '../../src/bundle/verify-bundle.ts'
import type { WrittenBundle } from '../../src/bundle/write-bundle.ts'
import { type Answer, aCutterHome, type CutterHome, type ErrorJson, jsonOf } from '../support/cli.ts'
import {
  ALICE,
  approve,
  aSigner,
  charter,
  enableExecution,
  LIVE,
  rehearseOn,
  resume,
  started,
} from '../support/cli-steps.ts'

/** Bundles at the command line: a live run on the embedded server, exported here and verified where there is no home. */

let at: CutterHome
let key: string
let live: string
let elsewhere: string

beforeAll(async () => {
  at = aCutterHome(LIVE)
  key = aSigner(at, ALICE, 'cutter.cut.*,cutter.closeout')
  at.file('charter.md', charter('All water is shared.', 'Nobody owns the river.'))
  await at.server()
  await enableExecution(at)
  live = await started(at, { document: 'CHARTER', source: 'charter.md', mode: 'live' })
  await approve(at, live, key)
  await approve(at, live, key)
  elsewhere = at.path('elsewhere')
  mkdirSync(elsewhere)
})
afterAll(() => at.remove())

const exported = async (run: string, name: string): Promise<WrittenBundle> => {
  const answer = await at.cutter(['run', 'export', run, '--out', at.path(name), '--json'])
  if (answer.code !== 0) throw new Error(answer.stderr)
  return jsonOf<WrittenBundle>(answer)
}
/** With a home that holds nothing, and may hold nothing afterwards. */
const verify = (...args: string[]): Promise<Answer> =>
  at.cutter(['verify', ...args], { env: { CUTTER_HOME: elsewhere, HOME: elsewhere } })
const verdictOn = async (...args: string[]) => jsonOf<Verdict>(await verify(...args, '--json'))
const errorOf = (answer: Answer) => jsonOf<{ error: ErrorJson }>(answer).error

describe('the evidence bundle of a live run', () => {
  test('is written for its owner alone, with the same bytes each time', async () => {
    const one = await exported(live, 'one.tar')
    expect(one).toMatchObject({
      runId: live,
      status: 'closed',
      entries: 18,
      closeout: 'signed',
      countersigned: [],
    })
    expect(statSync(at.path('one.tar')).mode & 0o777).toBe(0o600)
    expect(statSync(at.path('one.tar')).size).toBe(one.bytes)
    const two = await exported(live, 'two.tar')
    expect(two.digest).toBe(one.digest)
    expect(readFileSync(at.path('two.tar')).equals(readFileSync(at.path('one.tar')))).toBe(true)
    expect(readdirSync(at.home).filter((name) => name.includes('unfinished'))).toEqual([])
  })

  test('is verified without a home, a database and a network, with the checker’s own signers', async () => {
    const verdict = await verdictOn(at.path('one.tar'), '--signers', at.path('allowed_signers'))
    expect(verdict).toMatchObject({ holds: true, firstFault: null, runId: live, mode: 'live', entries: 18 })
    expect(verdict.ranges).toMatchObject([
      { from: 1, to: 7, by: ALICE, kind: 'approval', trusted: true },
      { from: 1, to: 14, by: ALICE, kind: 'approval', trusted: true },
      { from: 1, to: 18, kind: 'closeout', trusted: false },
    ])
    expect(verdict.notes).toEqual(['nobody whom you trust vouches for entries 15–18'])
    expect(readdirSync(elsewhere)).toEqual([])
    const { code, stdout, stderr } = await verify(at.path('one.tar'), '--signers', at.path('allowed_signers'))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /holds\n[\s\S]*1–14 +gate SG2: approved by alice@example.org with SHA256:\S+, whom you trust/,
    )
    expect(stdout).toContain('nobody whom you trust vouches for entries 15–18')
  })

  test('includes the countersignature of a person', async () => {
    const signed = await at.cutter(['approval', 'countersign', live, '--as', ALICE, '--key', key, '--json'])
    expect({ code: signed.code, stderr: signed.stderr }).toEqual({ code: 0, stderr: '' })
    expect(jsonOf(signed)).toMatchObject({ runId: live, kind: 'countersign', signer: ALICE })
    expect(await exported(live, 'three.tar')).toMatchObject({ countersigned: [ALICE] })
    const verdict = await verdictOn(at.path('three.tar'), '--signers', at.path('allowed_signers'))
    expect(verdict).toMatchObject({ holds: true, notes: [] })
    expect(verdict.ranges.at(-1)).toMatchObject({ kind: 'countersign', by: ALICE, to: 18, trusted: true })
  })

  test('does not hold with a changed byte: verify exits with 1 and names the file', async () => {
    const bytes = readFileSync(at.path('one.tar'))
    const where = bytes.indexOf('"event":{"actorId":"cut_leg_a"')
    expect(where).toBeGreaterThan(0)
    bytes[where + 20]! ^= 1
    at.file('changed.tar', bytes)
    const answer = await verify(at.path('changed.tar'))
    expect(answer.code).toBe(1)
    expect(answer.stdout).toMatch(/DOES NOT HOLD\n.*MANIFEST_WRONG: history.jsonl/)
    expect(await verdictOn(at.path('changed.tar'))).toMatchObject({
      holds: false,
      firstFault: { code: 'MANIFEST_WRONG', file: 'history.jsonl' },
    })
  })

  test('does not hold for signers that list nobody', async () => {
    at.file('nobody', '')
    const answer = await verify(at.path('one.tar'), '--signers', at.path('nobody'))
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('SIGNER_NOT_ALLOWED')
  })

  test('has a closeout signed by the instance, whose key only its owner can read', async () => {
    expect(statSync(at.path('var/instance_key')).mode & 0o777).toBe(0o600)
    const shown = jsonOf<{ closeout: string }>(await at.cutter(['run', 'show', live, '--json']))
    expect(shown.closeout).toBe('signed')
    expect(readdirSync(at.path('var')).filter((name) => name.startsWith('.instance'))).toEqual([])
  })
})

describe('run export refuses', () => {
  test('an existing file, a missing folder and an unknown run', async () => {
    const out = (run: string, file: string) => at.cutter(['run', 'export', run, '--out', file, '--json'])
    const before = readFileSync(at.path('one.tar'))
    const [over, folder, nowhere, nobody] = [
      await out(live, at.path('one.tar')),
      await out(live, at.home),
      await out(live, at.path('no/such/folder.tar')),
      await out('nobody', at.path('nobody.tar')),
    ]
    expect([over.code, folder.code, nowhere.code, nobody.code]).toEqual([2, 2, 2, 4])
    expect(errorOf(over).message).toContain('exists already')
    expect(readFileSync(at.path('one.tar')).equals(before)).toBe(true)
    expect(existsSync(at.path('nobody.tar'))).toBe(false)
  })
})

describe('the exit code of verify', () => {
  const code = async (...args: string[]) => (await verify(at.path('one.tar'), ...args)).code
  const signers = () => ['--signers', at.path('allowed_signers')]

  test('is 3 without signers, and 0 when only the integrity is asked', async () => {
    expect(await code()).toBe(3)
    expect(await code('--integrity-only')).toBe(0)
    expect(await code(...signers())).toBe(0)
  })

  test('is 3 when a requirement is unmet, which is printed', async () => {
    expect(await code(...signers(), '--require', 'SG1,SG2')).toBe(0)
    const unmet = await verify(at.path('one.tar'), ...signers(), '--require', 'SG1, SG3')
    expect(unmet.code).toBe(3)
    expect(unmet.stdout).toContain('unmet    gate SG3 was not passed by an approval that counted')
    expect(await code(...signers(), '--require-trusted')).toBe(3)
    const trusting = readFileSync(at.path('allowed_signers'), 'utf8')
    const [type, blob, name] = readFileSync(at.path('var/instance_key.pub'), 'utf8').trim().split(' ')
    at.file('trusted', `${trusting}${name} namespaces="cutter.closeout" ${type} ${blob}\n`)
    expect(await code('--signers', at.path('trusted'), '--require-trusted')).toBe(0)
  })

  test('is 1 when a key is revoked by which somebody approved', async () => {
    at.file('revoked', readFileSync(`${key}.pub`, 'utf8'))
    const answer = await verify(at.path('one.tar'), ...signers(), '--revoked', at.path('revoked'))
    expect(answer.code).toBe(1)
    expect(answer.stdout).toContain('not proven\nfault    KEY_REVOKED: ')
  })

  test('is 2 for requirements without a name, or together with --integrity-only', async () => {
    expect(await code('--require', 'SG1,')).toBe(2)
    expect(await code('--require', 'SG1', '--integrity-only')).toBe(2)
    expect(await code('--require-trusted', '--integrity-only')).toBe(2)
    expect(await code(...signers(), '--revoked', at.path('nothing'))).toBe(2)
  })
})

describe('verify refuses', () => {
  test('unreadable files, with exit code 2 and a JSON error', async () => {
    at.file('text.tar', 'not a tar\n')
    for (const args of [
      [at.path('nothing.tar')],
      [at.path('text.tar')],
      [at.home],
      ['/dev/null'],
      [at.path('one.tar'), '--signers', at.path('nothing')],
    ]) {
      const answer = await verify(...args, '--json')
      expect(answer.code, args.join(' ')).toBe(2)
      expect(errorOf(answer).code).toBe('INPUT_REFUSED')
    }
    expect((await at.cutter(['verify'])).code).toBe(2)
  })
})

describe('the evidence bundle of a dry run', () => {
  test('is exported while the run is open, and says so', async () => {
    const runId = await started(at, { document: 'DRY', source: 'charter.md' })
    expect(await exported(runId, 'open.tar')).toMatchObject({ status: 'paused', closeout: null, entries: 7 })
    const { stdout } = await at.cutter(['run', 'export', runId, '--out', at.path('open-again.tar')])
    expect(stdout).toContain('open    at entry 7 (paused)')
    const { code, stdout: verdict } = await verify(at.path('open.tar'))
    expect(code).toBe(3)
    expect(verdict).toContain('the run was open at entry 7')
  })

  test('has no signed closeout with a key that others may read, and a later export signs it', async () => {
    const keyFile = at.path('var/instance_key')
    await ensureInstanceKey(at.path('var'), 'vm')
    chmodSync(keyFile, 0o640)
    const runId = await started(at, { document: 'UNSIGNED', source: 'charter.md' })
    await rehearseOn(at, runId)
    expect(jsonOf(await rehearseOn(at, runId))).toMatchObject({ status: 'closed', outcome: 'succeeded' })
    const shown = await at.cutter(['run', 'show', runId])
    expect(shown.stdout).toContain('closeout unsigned')
    const bundle = await at.cutter(['run', 'export', runId, '--out', at.path('unsigned.tar')])
    expect(bundle.stdout).toContain(`unsigned: others may read the private key ${keyFile}`)
    expect((await verify(at.path('unsigned.tar'))).stdout).toContain('its closeout is not signed')
    const again = await at.cutter(['approval', 'countersign', runId, '--as', ALICE, '--key', key, '--json'])
    expect({ code: again.code, error: errorOf(again).code }).toEqual({ code: 2, error: 'INPUT_REFUSED' })
    chmodSync(keyFile, 0o600)

    expect(await exported(runId, 'signed.tar')).toMatchObject({ closeout: 'signed' })
    expect((await at.cutter(['run', 'show', runId])).stdout).not.toContain('closeout')
  })

  test('has a signed closeout when the run was cancelled', async () => {
    const runId = await started(at, { document: 'LATE', source: 'charter.md' })
    await at.cutter(['run', 'cancel', runId, '--reason', 'late'])
    expect(jsonOf<{ closeout: string }>(await at.cutter(['run', 'show', runId, '--json'])).closeout).toBe(
      'signed',
    )
    expect(jsonOf(await resume(at, runId))).toMatchObject({ outcome: 'cancelled' })
    const open = await started(at, { document: 'OPEN', source: 'charter.md' })
    const early = await at.cutter(['approval', 'countersign', open, '--as', ALICE, '--key', key, '--json'])
    expect({ code: early.code, error: errorOf(early).code }).toEqual({ code: 3, error: 'APPROVAL_REFUSED' })
  })
})

describe('after the key of the instance was rotated', () => {
  const publicKey = () => readFileSync(at.path('var/instance_key.pub'), 'utf8').trim()
  let old: string
  let later: string

  beforeAll(async () => {
    old = publicKey()
    const rotated = await at.cutter(['instance', 'rotate-key', '--reason', 'yearly'])
    if (rotated.code !== 0) throw new Error(rotated.stderr)
    later = await started(at, { document: 'AFTER', source: 'charter.md' })
    await at.cutter(['run', 'cancel', later, '--reason', 'late'])
    await exported(later, 'after.tar')
  })

  test('a closeout by the new key is trusted by the line of the old one', async () => {
    const [type, blob, name] = old.split(' ')
    at.file('old-key', `${name} namespaces="cutter.closeout" ${type} ${blob}\n`)
    const fingerprint = computeFingerprint(publicKey())
    const trusted = `closed out by ${name} with ${fingerprint}, whom you trust by the earlier key ${computeFingerprint(old)} of ${name}`
    const signers = ['--signers', at.path('old-key')]
    expect((await verify(at.path('after.tar'), ...signers)).stdout).toContain(trusted)
    at.file('old-revoked', `${old}\n`)
    const revoked = ['--revoked', at.path('old-revoked')]
    const { code, stdout } = await verify(at.path('after.tar'), ...signers, ...revoked)
    expect(code).toBe(0)
    expect(stdout).toContain(
      `who is not in your list of signers; the earlier key ${computeFingerprint(old)} is revoked`,
    )
  })

  test('verify without signers does not speak of a list that nobody gave', async () => {
    const { stdout } = await verify(at.path('after.tar'))
    expect(stdout).toMatch(/closed out by \S+ with SHA256:\S+, and you gave no list of signers\n/)
  })

  test('the bundle of an earlier closeout keeps its bytes', async () => {
    await exported(live, 'four.tar')
    expect(readFileSync(at.path('four.tar')).equals(readFileSync(at.path('three.tar')))).toBe(true)
  })

  test('doctor names each revoked key with the closeouts that it signed', async () => {
    const revoking = (keys: string[]) => {
      at.file('cutter.yaml', `${LIVE}approvals: { revokedKeys: ./revoked-keys }\n`)
      at.file('revoked-keys', keys.map((one) => `${one}\n`).join(''))
      return at.cutter(['doctor'])
    }
    const lineOf = (answer: Answer, one: string) =>
      answer.stdout.split('\n').find((line) => line.includes(`${computeFingerprint(one)} is revoked`)) ?? ''
    const first = await revoking([old])
    expect(lineOf(first, old)).toMatch(/it signed the closeouts of /)
    expect(lineOf(first, old)).toContain(live)
    expect(lineOf(first, old)).not.toContain(later)
    expect(lineOf(first, publicKey())).toBe('')
    const both = await revoking([old, publicKey()])
    expect(lineOf(both, old)).toContain(live)
    expect(lineOf(both, publicKey())).toContain(`it signed the closeouts of ${later}`)
  })
})
