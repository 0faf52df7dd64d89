import { spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { canonicalJson, digestOfBytes } from '../../src/domain/json.ts'
import type { AdoptedRelease } from '../../src/effects/deploy/adopted-release.ts'
import { recordIn } from '../bundle/bundle-fixture.ts'
import { forge } from '../bundle/forge-bundle.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { ALICE, approve, aSigner, enableExecution, historyOf } from '../support/cli-steps.ts'
import { createDeployFixture, type DeployFixture, git, writeFiles } from '../support/deploy-fixture.ts'
import { type SeveralHosts, startSeveralHosts, whyNoSeveralHosts } from '../support/several-hosts.ts'

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 })

/** CI deploys to three hosts, of which one fails, and a laptop with other names for them adopts what is live. */

const why = whyNoSeveralHosts()
const NAMESPACES = 'cutter.deploy.*,cutter.rollback.*'
const NAMES = 'web1=shop1,web2=shop2'
const FLAG = 'flags/of/this-host/broken'

/** Kills the program once a command on the second host has started there. */
const strike = (folder: string, host: string) =>
  host === 'web2'
    ? `[ -f ${folder}/pid ] && case "$real" in *"'verify'"*) kill -9 "$(cat ${folder}/pid)"; rm ${folder}/pid; exit 1 ;; esac`
    : ''

describe.skipIf(why !== null)(
  `cutter run adopt of a deploy to several hosts${why === null ? '' : ` (skipped: ${why})`}`,
  () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-adopts-')))
    let hosts: SeveralHosts
    let d: DeployFixture
    let filesOf: (host: string) => string
    let ci: CutterHome
    let laptop: CutterHome
    let key: string
    let first: string
    let bundle: string
    let release: string
    let adoption: RunJson

    const aHome = (config: string): CutterHome => {
      const at = aCutterHome(config)
      at.env.HOME = hosts.sshd.home
      return at
    }
    const rootOf = (host: string) => join(filesOf(host), 'app')
    const inForce = (host: string) => readlinkSync(join(rootOf(host), 'current'))
    const inRelease = (host: string, file: string) => join(rootOf(host), 'releases', release, file)
    const commit = (version: string) => {
      writeFiles(d.repository, { VERSION: version })
      git(d.repository, 'add', '--all')
      git(d.repository, 'commit', '--quiet', '-m', version)
    }
    const startDeploy = async (at: CutterHome, host: string, ...more: string[]) => {
      const flags = [
        '--source',
        d.repository,
        '--commit',
        'HEAD',
        '--host',
        host,
        '--path',
        join(d.srv, 'app'),
      ]
      const how = ['--strategy', 'release', '--checks', join(d.folder, 'checks.yaml'), '--mode', 'live']
      return jsonOf(await at.cutter(['run', 'start', 'deploy', ...flags, ...how, ...more, '--json']))
    }
    const approved = async (at: CutterHome, runId: string, signKey: string) => {
      const run = jsonOf(await approve(at, runId, signKey))
      expect(run, JSON.stringify(run.stop)).toMatchObject({ outcome: 'succeeded' })
      return run
    }
    const adopt = (path: string, ...more: string[]) =>
      laptop.cutter(['run', 'adopt', path, ...more, '--json'])
    const rollback = (...args: string[]) =>
      laptop.cutter(['run', 'rollback', ...args, '--mode', 'live', '--json'])
    const planOf = async <T>(runId: string) => jsonOf<T>(await laptop.cutter(['run', 'plan', runId]))
    const listed = async () => jsonOf<unknown[]>(await laptop.cutter(['run', 'list', '--json']))
    const error = (answer: Answer) => [answer.code, jsonOf(answer).error?.message]
    const refused = (message: string) => [2, expect.stringContaining(message)]
    /** Changes a file of a host, does the work, and restores it. */
    const whileChanged = async <T>(
      path: string,
      change: (text: string) => string,
      work: () => Promise<T>,
    ) => {
      const before = readFileSync(path, 'utf8')
      writeFileSync(path, change(before))
      try {
        return await work()
      } finally {
        writeFileSync(path, before)
      }
    }
    const forgedCommit = (text: string) => text.replace(/^# commit: .*$/m, `# commit: ${'0'.repeat(40)}`)
    const checks = (more = '') =>
      d.checks(`build: { run: "echo built > built.txt" }
checks: [{ name: runs, run: "test ! -e ${d.srv}/${FLAG}" }]
tolerate: [listening-ports, running-services]
${more}`)

    beforeAll(async () => {
      hosts = await startSeveralHosts(['web1', 'web2', 'web3'], (host) => strike(folder, host))
      d = await createDeployFixture(hosts.sshd)
      mkdirSync(join(d.srv, 'app'))
      checks()
      filesOf = hosts.furnish(d.srv)
      writeFiles(filesOf('web3'), { [FLAG]: '' })
      ci = aHome('execution: { allowLive: true }\n')
      laptop = aHome(`execution: { allowLive: true }
hosts: { shop1: { ssh: web1 }, shop2: { ssh: web2 }, shop3: { ssh: web3 } }
`)
      const ciKey = aSigner(ci, ALICE, NAMESPACES)
      key = aSigner(laptop, ALICE, NAMESPACES)
      await enableExecution(ci)
      await enableExecution(laptop)
      const { runId } = await startDeploy(ci, 'web1,web2,web3', '--max-failures', '1')
      await approved(ci, runId, ciKey)
      first = runId
      release = basename(inForce('web1'))
      bundle = laptop.path('ci.tar')
      expect((await ci.cutter(['run', 'export', first, '--out', bundle])).code).toBe(0)
    })
    afterAll(async () => {
      await ci?.remove()
      await laptop?.remove()
      await d?.remove()
      await hosts?.stop()
      rmSync(folder, { recursive: true })
    })

    test('refuses a bundle that nobody here vouches for, and one that was changed', async () => {
      expect(error(await adopt(bundle, '--host', NAMES))).toEqual(refused('it lists that key for nobody'))
      appendFileSync(laptop.path('allowed_signers'), readFileSync(ci.path('allowed_signers'), 'utf8'))
      expect(error(await adopt(bundle, '--host', NAMES))).toEqual(
        refused('nobody whom you trust vouches for entries'),
      )
      const good = readFileSync(bundle)
      const { signer, publicKey } = (await recordIn(good)).closeout!.instance
      const [type, text] = publicKey.split(' ')
      appendFileSync(
        laptop.path('allowed_signers'),
        `${signer} namespaces="cutter.closeout" ${type} ${text}\n`,
      )
      const live = ({ run }: RunRecord) => {
        const output = JSON.parse(JSON.stringify(run.output).replace('"state":"failed"', '"state":"live"'))
        Object.assign(run, { output })
      }
      /** The plan of one host leads to another path, with every digest corrected. */
      const replan = (record: RunRecord) => {
        const old = record.run.planDigest!
        const plan = JSON.parse(Buffer.from(record.bytes.get(old)!).toString())
        plan.hosts[1].place.target = '/srv/other'
        const bytes = Buffer.from(canonicalJson(plan))
        record.bytes.set(digestOfBytes(bytes), bytes)
        record.history = JSON.parse(JSON.stringify(record.history).replaceAll(old, digestOfBytes(bytes)))
        record.run = JSON.parse(JSON.stringify(record.run).replaceAll(old, digestOfBytes(bytes)))
      }
      for (const change of [live, replan])
        expect(
          error(await adopt(laptop.file('bad.tar', await forge(good, change)), '--host', NAMES)),
        ).toEqual(refused('does not hold'))
      expect(await listed()).toEqual([])
    })

    test.each([
      ['shop1', 'does not say which host is which, and run'],
      ['web1=shop1,web9=shop2', 'names web9, which is none of the hosts of run'],
      ['web1=shop1,web2=shop1', 'would both be the host shop1 here'],
      ['web1=web2', 'would both be the host web2 here'],
    ])('refuses --host %s before a run exists', async (names, message) => {
      const answer = await adopt(bundle, '--host', names)
      expect(error(answer)).toEqual(refused(message))
      expect(jsonOf(answer).error).toMatchObject({
        code: 'INPUT_REFUSED',
        message: expect.stringContaining('nothing was adopted'),
        next: expect.stringContaining('--host web1=<name here>,web2=<name here>'),
      })
      expect(await listed()).toEqual([])
    })

    test('reports at once which hosts are not as the bundle says, and recognises the others no earlier', async () => {
      const manifest = inRelease('web1', 'DEPLOY-MANIFEST.txt')
      const drifted = await whileChanged(manifest, forgedCommit, () =>
        whileChanged(
          inRelease('web2', 'app.py'),
          () => 'by hand',
          async () => jsonOf(await adopt(bundle, '--host', NAMES)),
        ),
      )
      expect(drifted.stop).toMatchObject({
        code: 'STOP_DRIFT',
        data: { shop1: expect.anything(), shop2: expect.anything() },
      })
      expect(drifted.stop!.message).toMatch(
        /shop1: .*lacks the line: # commit.*shop2: .*app\.py is not as run/,
      )
      const one = await whileChanged(manifest, forgedCommit, async () =>
        jsonOf(await laptop.cutter(['run', 'resume', drifted.runId, '--json'])),
      )
      expect(one.stop!.message).toContain('shop1: ')
      expect(one.stop!.message).not.toContain('shop2: ')
      await laptop.cutter(['run', 'cancel', drifted.runId, '--reason', 'enough', '--json'])

      const swapped = jsonOf(await adopt(bundle, '--host', 'web1=shop2,web2=shop1'))
      expect(swapped.stop).toMatchObject({
        code: 'STOP_DRIFT',
        message: expect.stringMatching(/shop2: .* is not the host to which run .*shop1: .* is not the host/),
        next: expect.stringContaining('adopt the bundle with another --host'),
      })
      await laptop.cutter(['run', 'cancel', swapped.runId, '--reason', 'enough', '--json'])
      expect(error(await rollback(first))).toEqual([4, expect.any(String)])
    })

    test('adopts the release of each live host, and ends alike after a kill -9 in the middle', async () => {
      adoption = jsonOf(await adopt(bundle, '--host', NAMES))
      expect(adoption, JSON.stringify(adoption.stop)).toMatchObject({ outcome: 'succeeded' })
      const { adopted, hosts: stand } = adoption.output as {
        adopted: AdoptedRelease[]
        hosts: { host: string; state: string; why?: string }[]
      }
      const target = join(d.srv, 'app/releases', release)
      expect(adopted).toMatchObject(
        [
          ['shop1', 'web1'],
          ['shop2', 'web2'],
        ].map(([name, host]) => ({ run: first, target, host: { name }, of: { host } })),
      )
      expect(new Set(adopted.map(({ plan }) => plan)).size).toBe(2)
      expect(adopted.map(({ built }) => built)).toEqual([expect.any(String), expect.any(String)])
      expect(stand).toEqual([
        { host: 'shop1', state: 'adopted' },
        { host: 'shop2', state: 'adopted' },
        {
          host: 'web3',
          state: 'passed-over',
          why: expect.stringContaining('the deploy left it as failed'),
        },
      ])
      const shown = (await laptop.cutter(['run', 'show', adoption.runId])).stdout
      expect(shown).toMatch(
        /host +shop2 adopted\n[\s\S]*host +web3 passed-over: the deploy left it as failed/,
      )

      const record = laptop.path('adopted.tar')
      await laptop.cutter(['run', 'export', adoption.runId, '--out', record])
      const verifier = resolve(import.meta.dirname, '../../docs/verify.py')
      const verified = spawnSync('python3', [verifier, record], { encoding: 'utf8' })
      expect(JSON.parse(verified.stdout), verified.stderr).toMatchObject({
        holds: true,
        outcome: 'succeeded',
      })
      expect((await laptop.cutter(['verify', record])).stdout).toContain('succeeded')
      const byName = await laptop.cutter(['run', 'list', '--host', 'shop2', '--json'])
      expect(byName.stdout).toContain(adoption.runId)

      const child = spawn(
        process.execPath,
        [laptop.path('.installed/dist/cutter.cjs'), 'run', 'adopt', bundle, '--host', NAMES, '--key', 'k'],
        { cwd: laptop.home, env: laptop.env, stdio: 'ignore' },
      )
      writeFileSync(join(folder, 'pid'), String(child.pid))
      expect(await new Promise((ended) => child.once('close', (_, by) => ended(by)))).toBe('SIGKILL')
      await vi.waitUntil(() => !existsSync(join(folder, 'pid')), { timeout: 30_000 })
      const [killed] = jsonOf<RunJson[]>(
        await laptop.cutter(['run', 'list', '--status', 'working', '--json']),
      )
      const resumed = jsonOf(await laptop.cutter(['run', 'resume', killed!.runId, '--json']))
      expect(resumed).toMatchObject({ outcome: 'succeeded', output: adoption.output })
      const states = async (runId: string) => (await historyOf(laptop, runId)).map(({ state }) => state)
      expect(new Set(await states(killed!.runId))).toEqual(new Set(await states(adoption.runId)))
    })

    test('makes each release the known previous one of a deploy from here, and goes back to that of the right host', async () => {
      commit('3')
      const blocked = await whileChanged(inRelease('web2', 'DEPLOY-MANIFEST.txt'), forgedCommit, () =>
        startDeploy(laptop, 'shop1,shop2'),
      )
      expect(blocked.stop).toMatchObject({
        code: 'STOP_PREFLIGHT_FAILED',
        message: expect.stringMatching(/^shop2: .*is not the one of the evidence bundle of run/),
      })
      const { runId: third } = jsonOf(await laptop.cutter(['run', 'resume', blocked.runId, '--json']))
      const { hosts: plans } = await planOf<{ hosts: { known: { plan: string }[] }[] }>(third)
      const adopted = adoption.output.adopted as AdoptedRelease[]
      expect(plans.map(({ known }) => known)).toEqual(
        adopted.map(({ run, plan, bundle, manifest, target }) => [
          { run, plan, bundle, manifest, path: target },
        ]),
      )
      await approved(laptop, third, key)
      expect(jsonOf(await rollback(first)).stop).toMatchObject({ code: 'STOP_DRIFT' })

      commit('4')
      checks('keep: 0')
      const keeping = await startDeploy(laptop, 'shop2')
      expect(await planOf(keeping.runId)).toMatchObject({
        old: [{ run: first }],
        known: [{ run: first, plan: adopted[1]!.plan }],
      })
      await laptop.cutter([
        'run',
        'cancel',
        keeping.runId,
        '--reason',
        'only its plan was asked for',
        '--json',
      ])
      checks()
      const { runId: fourth } = await approved(laptop, (await startDeploy(laptop, 'shop2')).runId, key)
      const drifted = await whileChanged(inRelease('web2', 'DEPLOY-MANIFEST.txt'), forgedCommit, async () =>
        jsonOf(await rollback(fourth, '--to', first)),
      )
      expect(drifted.stop).toMatchObject({
        code: 'STOP_DRIFT',
        message: expect.stringContaining('is not the one of the evidence bundle'),
      })
      await approved(laptop, jsonOf(await rollback(fourth, '--to', first)).runId, key)
      expect(basename(inForce('web2'))).toBe(release)
      await approved(laptop, jsonOf(await rollback(fourth)).runId, key)
      await approved(laptop, jsonOf(await rollback(third)).runId, key)
      expect([basename(inForce('web1')), basename(inForce('web2'))]).toEqual([release, release])
    })

    test('takes the adopted deploy back on each live host under one plan, by a part of its id', async () => {
      expect(error(await rollback(first, '--to', release))).toEqual(refused('deployed to several hosts'))
      const paused = jsonOf(await rollback(first.slice(-8)))
      expect(paused).toMatchObject({ gate: 'SG2' })
      const plan = await planOf<{ ofRun: string; hosts: { host: { name: string }; built: string[] }[] }>(
        paused.runId,
      )
      expect(plan.ofRun).toBe(first)
      expect(plan.hosts.map(({ host, built }) => [host.name, built])).toEqual([
        ['shop2', ['built.txt']],
        ['shop1', ['built.txt']],
      ])
      const back = await approved(laptop, paused.runId, key)
      expect(back.output).toMatchObject({
        asBefore: true,
        hosts: [
          { host: 'shop2', state: 'back' },
          { host: 'shop1', state: 'back' },
        ],
      })
      for (const host of ['web1', 'web2'])
        expect([
          existsSync(inRelease(host, '')),
          existsSync(join(rootOf(host), 'current')),
          existsSync(join(rootOf(host), 'withdrawn')),
        ]).toEqual([false, false, false])
      const record = laptop.path('back.tar')
      await laptop.cutter(['run', 'export', back.runId, '--out', record])
      expect((await laptop.cutter(['verify', record])).stdout).toContain('succeeded')
      expect(jsonOf(await rollback(adoption.runId)).stop).toMatchObject({ code: 'STOP_REFUSED_INPUT' })
    })
  },
)
