import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { approvalIdOf } from '../../src/approvals/statement.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { canonicalJson, digestOfBytes } from '../../src/domain/json.ts'
import { recordIn, tarOf } from '../bundle/bundle-fixture.ts'
import { alter, forge, renameApproval } from '../bundle/forge-bundle.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution } from '../support/cli-steps.ts'
import { createDeployFixture, type DeployFixture } from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** A release is adopted by a bundle that verifies, and by nothing else. The other home trusts alice and the instance of the deploy. */

const CHECKS = 'checks: []\ntolerate: [listening-ports, running-services]\n'

describe('cutter run adopt of a bundle that does not verify', () => {
  let sshd: Sshd
  let d: DeployFixture
  let ci: CutterHome
  let laptop: CutterHome
  let good: Buffer
  let waiting: Buffer

  const withHost = (at: CutterHome): CutterHome => ({
    ...at,
    cutter: (args, options = {}) => at.cutter(args, { ...options, env: { HOME: sshd.home } }),
  })
  const exported = async (runId: string) => {
    const file = ci.path(`${runId}.tar`)
    expect((await ci.cutter(['run', 'export', runId, '--out', file])).code).toBe(0)
    return readFileSync(file)
  }
  const start = async (path: string) => {
    const flags = ['--source', d.repository, '--commit', 'HEAD', '--host', 'web', '--path', path]
    const how = ['--checks', join(d.folder, 'checks.yaml'), '--mode', 'live', '--json']
    return jsonOf(await ci.cutter(['run', 'start', 'deploy', ...flags, ...how])).runId
  }
  const adopt = (path: string) => laptop.cutter(['run', 'adopt', path, '--json'])
  const trusted = async () => {
    const { signer, publicKey } = (await recordIn(good)).closeout!.instance
    const [type, text] = publicKey.split(' ')
    return `${readFileSync(ci.path('allowed_signers'), 'utf8')}${signer} namespaces="cutter.closeout" ${type} ${text}\n`
  }

  beforeAll(async () => {
    sshd = await startSshd()
    d = await createDeployFixture(sshd)
    writeFileSync(join(d.folder, 'checks.yaml'), CHECKS)
    ci = withHost(aCutterHome('execution: { allowLive: true }\n'))
    laptop = withHost(aCutterHome('approvals: { revokedKeys: ./revoked_keys }\n'))
    laptop.file('revoked_keys', '')
    const key = aSigner(ci, ALICE, 'cutter.deploy.*')
    await enableExecution(ci)
    const runId = await start(d.target)
    expect(jsonOf(await approve(ci, runId, key))).toMatchObject({ outcome: 'succeeded' })
    good = await exported(runId)
    waiting = await exported(await start(`${d.target}-next`))
    laptop.file('allowed_signers', await trusted())
  })
  afterAll(async () => {
    await ci?.remove()
    await laptop?.remove()
    await d?.remove()
    await sshd?.stop()
  })

  async function expectRefused(bytes: Uint8Array, message: string | RegExp): Promise<void> {
    const answer = await adopt(laptop.file('bad.tar', bytes))
    const { error } = jsonOf(answer)
    expect([answer.code, error]).toEqual([2, expect.objectContaining({ code: 'INPUT_REFUSED' })])
    expect(error!.message).toMatch(message)
    expect(error!.message).toContain('nothing was adopted')
    expect(jsonOf<unknown[]>(await laptop.cutter(['run', 'list', '--json']))).toEqual([])
  }

  /** Changes the only statement. Its signature stays, because the forger has no key of alice. */
  const restate = (change: object) => (record: RunRecord) => {
    const [approval] = record.approvals
    const text = canonicalJson({ ...JSON.parse(approval!.statementText), ...change })
    renameApproval(record, approval!.approvalId, approvalIdOf(text))
    Object.assign(approval!, { statementText: text, approvalId: approvalIdOf(text) })
  }
  const without = (parts: Partial<RunRecord>) => (record: RunRecord) => void Object.assign(record, parts)
  /** Another plan under the statement of the approved one, with every digest corrected. */
  const replan = (record: RunRecord) => {
    const old = record.run.planDigest!
    const plan = JSON.parse(Buffer.from(record.bytes.get(old)!).toString())
    const bytes = Buffer.from(canonicalJson({ ...plan, place: { ...plan.place, target: '/srv/other' } }))
    record.bytes.set(digestOfBytes(bytes), bytes)
    record.history = JSON.parse(JSON.stringify(record.history).replaceAll(old, digestOfBytes(bytes)))
    record.run = JSON.parse(JSON.stringify(record.run).replaceAll(old, digestOfBytes(bytes)))
  }

  test.each<[string, (record: RunRecord) => void, string | RegExp]>([
    ['without a closeout', without({ closeout: null }), /does not verify|does not hold/],
    ['without the approval', without({ approvals: [] }), 'does not hold'],
    [
      'whose approval is for another plan',
      restate({ planDigest: `sha256:${'0'.repeat(64)}` }),
      'does not hold',
    ],
    ['whose approval is by somebody else', restate({ approver: 'mallory@example.org' }), 'does not hold'],
    ['with another plan under its approval', replan, 'does not hold'],
    [
      'with an entry by another operator',
      ({ history }) => void Object.assign(history[2]!, { by: 'mallory' }),
      'does not hold',
    ],
    ['without its last entries', ({ history }) => void history.splice(-3), 'does not hold'],
  ])('refuses a forged bundle %s', async (_, change, message) => {
    await expectRefused(await forge(good, change), message)
  })

  test.each<[string, RegExp]>([
    ['evidence', /^evidence\//],
    ['the plan', /^plans\//],
    ['the statement', /^approvals\/.*json$/],
    ['the signature', /^approvals\/.*sig$/],
    ['the signers of the time', /^trust\/signers/],
    ['the closeout', /^closeout\.json$/],
  ])('refuses a bundle that lacks %s', async (_, path) => {
    const less = await alter(good, (files) => {
      files.delete([...files.keys()].find((name) => path.test(name))!)
    })
    await expectRefused(less, /does not hold|does not verify/)
  })

  test.each<[string, () => Promise<Uint8Array>, string]>([
    ['a run that waits', async () => waiting, 'is not closed'],
    [
      'the first half of a bundle',
      async () => good.subarray(0, Math.floor(good.length / 1024) * 512),
      'does not hold',
    ],
    ['an empty file', async () => Buffer.alloc(0), 'is not an evidence bundle'],
    [
      'a manifest of a release alone',
      async () => readFileSync(join(d.target, 'DEPLOY-MANIFEST.txt')),
      'is not an evidence bundle',
    ],
    [
      'a tar with a manifest of a release alone',
      async () => {
        const files = new Map([['DEPLOY-MANIFEST.txt', readFileSync(join(d.target, 'DEPLOY-MANIFEST.txt'))]])
        return tarOf(files)
      },
      'does not hold',
    ],
  ])('refuses %s', async (_, content, message) => {
    await expectRefused(await content(), message)
  })

  test('refuses a good bundle whose approver’s key is revoked here, and takes it otherwise', async () => {
    laptop.file('revoked_keys', readFileSync(ci.path('alice_example_org.pub')))
    await expectRefused(good, /revoked/)
    laptop.file('revoked_keys', '')
    expect(jsonOf(await adopt(laptop.file('good.tar', good)))).toMatchObject({ outcome: 'succeeded' })
  })
})
