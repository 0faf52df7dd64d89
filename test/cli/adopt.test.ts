import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution } from '../support/cli-steps.ts'
import { createDeployFixture, type DeployFixture, git, writeFiles } from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** CI deploys a release, and a laptop follows it: two homes, each with its own store, signers and name of the host. */

const NAMESPACES = 'cutter.deploy.*,cutter.rollback.*'
const CHECKS =
  "checks: [{ name: version, run: [python3, app.py, --version], expect: { startsWith: 'app 2' } }]\ntolerate: [listening-ports, running-services]\n"

describe('cutter run adopt', () => {
  let sshd: Sshd
  let d: DeployFixture
  let root: string
  let ci: CutterHome
  let laptop: CutterHome
  let ciKey: string
  let key: string
  let first: string
  let bundle: string
  let second: string

  const withHost = (at: CutterHome): CutterHome => ({
    ...at,
    cutter: (args, options = {}) => at.cutter(args, { ...options, env: { HOME: sshd.home } }),
  })
  const deploy = async (at: CutterHome, signKey: string, host: string, ...more: string[]) => {
    const flags = ['--source', d.repository, '--commit', 'HEAD', '--host', host, '--path', root]
    const how = ['--strategy', 'release', '--checks', join(d.folder, 'checks.yaml'), '--mode', 'live']
    const started = await at.cutter(['run', 'start', 'deploy', ...flags, ...how, ...more, '--json'])
    return { started: jsonOf(started), close: () => approve(at, jsonOf(started).runId, signKey) }
  }
  const adopt = (...args: string[]) => laptop.cutter(['run', 'adopt', ...args, '--json'])
  const current = () => join(root, readlinkSync(join(root, 'current')))
  const error = (answer: Answer) => [answer.code, jsonOf(answer).error?.message]
  const refused = (message: string) => [2, expect.stringContaining(message)]
  const roll = async (...args: string[]) => {
    const run = jsonOf(await laptop.cutter(['run', 'rollback', ...args, '--mode', 'live', '--json']))
    if (run.gate === null) return run
    const signed = await laptop.cutter([
      'approval',
      'sign',
      run.runId,
      '--as',
      'bob@example.org',
      '--key',
      key,
      '--json',
    ])
    const { approvalId } = jsonOf<{ approvalId: string }>(signed)
    return jsonOf(await laptop.cutter(['run', 'resume', '--approval', approvalId, '--json']))
  }
  const adopted = async () => {
    const answer = await adopt(bundle, '--host', 'shop')
    expect([answer.code, answer.stdout]).toEqual([0, expect.stringContaining('"succeeded"')])
    return jsonOf(answer)
  }

  beforeAll(async () => {
    sshd = await startSshd()
    d = await createDeployFixture(sshd)
    writeFileSync(join(d.folder, 'checks.yaml'), CHECKS)
    root = join(d.srv, 'app')
    mkdirSync(root)
    ci = withHost(aCutterHome('execution: { allowLive: true }\nhosts: { box: { ssh: web } }\n'))
    laptop = withHost(aCutterHome('execution: { allowLive: true }\nhosts: { shop: { ssh: web } }\n'))
    ciKey = aSigner(ci, ALICE, NAMESPACES)
    await enableExecution(ci)
    await enableExecution(laptop)
    const { started, close } = await deploy(ci, ciKey, 'box')
    expect(jsonOf(await close())).toMatchObject({ outcome: 'succeeded' })
    first = started.runId
    bundle = laptop.path('ci.tar')
    expect((await ci.cutter(['run', 'export', first, '--out', bundle])).code).toBe(0)
  })
  afterAll(async () => {
    await ci?.remove()
    await laptop?.remove()
    await d?.remove()
    await sshd?.stop()
  })

  test('refuses a release whose bundle does not verify against the signers of this home', async () => {
    expect(error(await adopt(bundle, '--host', 'shop'))).toEqual(refused('nobody may approve in this home'))
    key = aSigner(laptop, 'bob@example.org', NAMESPACES)
    expect(error(await adopt(bundle, '--host', 'shop'))).toEqual(
      refused('in namespace cutter.deploy.SG1: it lists that key for nobody'),
    )
    // Alice is known here, and nobody yet who vouches for the end of the run.
    appendFileSync(
      laptop.path('allowed_signers'),
      `${ALICE} namespaces="${NAMESPACES}" ${readFileSync(`${ciKey}.pub`, 'utf8')}`,
    )
    expect(error(await adopt(bundle, '--host', 'shop'))).toEqual(
      refused('nobody whom you trust vouches for entries'),
    )
    const bytes = readFileSync(bundle)
    bytes[bytes.indexOf('"succeeded"') + 1] = 'S'.charCodeAt(0)
    for (const [name, content, message] of [
      ['changed.tar', bytes, 'does not hold'],
      ['notes.txt', Buffer.from('no bundle'), 'is not an evidence bundle'],
    ] as const)
      expect(error(await adopt(laptop.file(name, content), '--host', 'shop'))).toEqual(refused(message))
    expect(error(await adopt(laptop.path('none.tar')))).toEqual(refused("can't read the evidence bundle"))
    const dry = jsonOf(
      await ci.cutter([
        'run',
        'start',
        'deploy',
        '--source',
        d.repository,
        '--commit',
        'HEAD',
        '--host',
        'box',
        '--path',
        join(d.srv, 'dry'),
        '--json',
      ]),
    )
    await ci.cutter(['run', 'export', dry.runId, '--out', laptop.path('dry.tar')])
    expect(error(await adopt(laptop.path('dry.tar'), '--host', 'shop'))).toEqual(refused('of a dry run'))
    expect(jsonOf<unknown[]>(await laptop.cutter(['run', 'list', '--json']))).toEqual([])
    expect(error(await ci.cutter(['run', 'adopt', bundle, '--json']))).toEqual(
      refused(`this home knows run ${first}`),
    )
  })

  test('recognises a release that the bundle proves, and no release that is not as the bundle says', async () => {
    const [, type, text] = /^(\S+) (\S+)/.exec(readFileSync(ci.path('var/instance_key.pub'), 'utf8'))!
    const { ranges } = jsonOf<{ ranges: { kind: string; by: string }[] }>(
      await ci.cutter(['verify', bundle, '--signers', ci.path('allowed_signers'), '--json']),
    )
    const instance = ranges.find(({ kind }) => kind === 'closeout')!.by
    appendFileSync(
      laptop.path('allowed_signers'),
      `${instance} namespaces="cutter.closeout" ${type} ${text}\n`,
    )
    const file = join(current(), 'app.py')
    const program = readFileSync(file)
    writeFileSync(file, `${program}# changed on the host\n`)
    const drifted = jsonOf(await adopt(bundle, '--host', 'shop'))
    expect(drifted.stop, JSON.stringify(drifted)).toMatchObject({
      code: 'STOP_DRIFT',
      message: expect.stringContaining('app.py'),
    })
    writeFileSync(file, program)
    const resumed = jsonOf(await laptop.cutter(['run', 'resume', drifted.runId, '--json']))
    expect(resumed).toMatchObject({
      outcome: 'succeeded',
      output: { adopted: { run: first, target: current(), host: { name: 'shop' } } },
    })
    const record = laptop.path('adopted.tar')
    await laptop.cutter(['run', 'export', drifted.runId, '--out', record])
    const verifier = resolve(import.meta.dirname, '../../docs/verify.py')
    const second = spawnSync('python3', [verifier, record], { encoding: 'utf8' })
    expect(JSON.parse(second.stdout), second.stderr).toMatchObject({ holds: true, outcome: 'succeeded' })
    expect((await laptop.cutter(['verify', record])).stdout).toContain('succeeded')
    const manifest = join(current(), 'DEPLOY-MANIFEST.txt')
    const lines = readFileSync(manifest, 'utf8')
    writeFileSync(manifest, lines.replace(/^# run: .*$/m, '# run: idep-of-somebody-else'))
    expect(jsonOf(await adopt(bundle, '--host', 'shop')).stop).toMatchObject({ code: 'STOP_DRIFT' })
    writeFileSync(manifest, lines)
    expect(error(await adopt(bundle, '--host', 'box=shop'))).toEqual(
      refused(`--host box=shop names several hosts, and run ${first} deployed to one, box`),
    )
    await adopted()
  })

  test('makes the release the known previous one of a deploy from this home: drift, rollback to it, and back', async () => {
    const release = current()
    writeFiles(d.repository, { VERSION: '3' })
    git(d.repository, 'add', '--all')
    git(d.repository, 'commit', '--quiet', '-m', '3')

    // Whoever changes file and manifest alike deceives sha256sum -c, and not a home that has the bundle.
    const manifest = join(release, 'DEPLOY-MANIFEST.txt')
    const lines = readFileSync(manifest, 'utf8')
    writeFileSync(manifest, lines.replace(/^# commit: .*$/m, `# commit: ${'0'.repeat(40)}`))
    const { started: blocked } = await deploy(laptop, key, 'shop')
    expect(blocked.stop).toMatchObject({
      code: 'STOP_PREFLIGHT_FAILED',
      message: expect.stringContaining(`is not the one of the evidence bundle of run ${first}`),
    })
    writeFileSync(manifest, lines)
    const waiting = jsonOf(await laptop.cutter(['run', 'resume', blocked.runId, '--json']))
    expect(waiting).toMatchObject({ gate: 'SG1' })
    const plan = jsonOf<{ known: unknown }>(await laptop.cutter(['run', 'plan', blocked.runId]))
    expect(plan.known).toEqual([expect.objectContaining({ path: release, run: first })])
    const page = await laptop.cutter(['run', 'plan', blocked.runId, '--format', 'markdown'])
    expect(page.stdout).toContain('This home has adopted it')

    // Drift at the gate: the same change after the plan was made.
    const sign = async () => {
      const signed = await laptop.cutter([
        'approval',
        'sign',
        blocked.runId,
        '--as',
        'bob@example.org',
        '--key',
        key,
        '--json',
      ])
      return jsonOf<{ approvalId: string }>(signed).approvalId
    }
    writeFileSync(manifest, lines.replace(/^# commit: .*$/m, `# commit: ${'0'.repeat(40)}`))
    const again = await laptop.cutter(['run', 'resume', '--approval', await sign(), '--json'])
    expect([again.code, again.stdout]).toEqual([3, expect.stringContaining('of the evidence bundle')])
    writeFileSync(manifest, lines)
    const closed = jsonOf(await laptop.cutter(['run', 'resume', '--approval', await sign(), '--json']))
    expect(closed).toMatchObject({ outcome: 'succeeded' })
    expect(current()).not.toBe(release)
    second = blocked.runId

    writeFileSync(manifest, lines.replace(/^# commit: .*$/m, `# commit: ${'0'.repeat(40)}`))
    expect((await roll(blocked.runId, '--to', first)).stop).toMatchObject({ code: 'STOP_DRIFT' })
    writeFileSync(manifest, lines)
    expect(await roll(blocked.runId, '--to', first)).toMatchObject({ outcome: 'succeeded' })
    expect(current()).toBe(release)
  })

  test('lets this home roll back the adopted release itself, by the id of its run', async () => {
    const release = current()
    // It is the way back of this home's release, until that is gone.
    expect((await roll(first.slice(-8))).stop).toMatchObject({ code: 'STOP_DRIFT' })
    expect(await roll(second)).toMatchObject({ outcome: 'succeeded' })
    expect(await roll(first.slice(-8))).toMatchObject({ outcome: 'succeeded' })
    expect([existsSync(release), existsSync(join(root, 'current'))]).toEqual([false, false])
    expect((await laptop.cutter(['run', 'rollback', 'idep-nowhere', '--json'])).code).toBe(4)
  })
})
