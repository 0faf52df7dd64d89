import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { deploy } from '../../machines/deploy.ts'
import { rollback } from '../../machines/rollback.ts'
import { systemClock } from '../../src/domain/clock.ts'
import { digestOf } from '../../src/domain/json.ts'
import type { Mode, Run } from '../../src/domain/run.ts'
import type { AdoptedRelease } from '../../src/effects/deploy/adopted-release.ts'
import { admitDeploy, type DeployDeps, deployEffects } from '../../src/effects/deploy/index.ts'
import { admitRollback, type RollbackDeps, rollbackEffects } from '../../src/effects/rollback/index.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import type { EngineDeps } from '../../src/engine/engine-deps.ts'
import { loadRun } from '../../src/engine/load-run.ts'
import { rehearseApproval, signApproval } from '../../src/engine/manage-approvals.ts'
import type { RunStore } from '../../src/store/run-store.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { keepHosts } from '../../src/targets/ssh/kept-hosts.ts'
import { type Host, openHost } from '../../src/targets/ssh/open-host.ts'
import { TRUSTED_TOOLS } from '../../src/tools/open-tools.ts'
import type { Sshd } from './sshd.ts'

/** A repository, a host with an old version on it, and the real engine with the real effects, in this process. */
export interface DeployFixture {
  folder: string
  /** The folder on the host that holds the old version. */
  srv: string
  old: string
  target: string
  repository: string
  commit: string
  engine: Engine
  parts: EngineDeps
  store: RunStore
  /** Writes the checks file. */
  checks(text: string): string
  start(mode?: Mode, more?: { [flag: string]: string }): Promise<Run>
  /** Starts a rollback of a deploy. */
  rollback(run: Run, mode?: Mode): Promise<Run>
  approve(run: Run): Promise<Run>
  /** Abandons a live run by a signed statement. */
  abandon(run: Run): Promise<Run>
  resume(run: Run): Promise<Run>
  /** Closes this engine and opens another on the same store, as after a kill. */
  reopen(): Promise<DeployFixture>
  remove(): Promise<void>
}

export interface DeployHooks {
  /** Wraps the host that the effects use. */
  host?(host: Host): Host
  /** The releases of other homes that this one has adopted. */
  adopted?(): Promise<AdoptedRelease[]>
  /** Called after each saved step; throws to end the process there. */
  onStep?(run: Run): void
}

const WHO = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', '-c', 'commit.gpgsign=false']
export const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', [...WHO, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

export function writeFiles(folder: string, files: { [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

const PROGRAM = {
  'app.py': `import os, sys
if sys.argv[1:] == ['--version']: print('app 2.0')
elif sys.argv[1:] == ['status']: print('switch off')
elif sys.argv[1:] == ['count']: print('3 units')
elif sys.argv[1:] == ['rehearse']: print('nothing written')
elif sys.argv[1:] == ['live']: sys.exit('refused: the switch is off')
else: sys.exit(2)
`,
  'tests/__init__.py': '',
  'tests/test_app.py': `import unittest
class Tests(unittest.TestCase):
    pass
for n in range(12): setattr(Tests, f'test_{n}', lambda self: None)
`,
}

export const CHECKS = `
checks:
  - { name: compiles, run: 'python3 -m compileall -q . && mkdir -p .pytest_cache/v && : >.pytest_cache/v/lastfailed' }
  - { name: version, run: [python3, app.py, --version], expect: { startsWith: 'app 2' } }
  - name: tests
    run: [pytest-that-is-nowhere, -q]
    fallback: { run: [python3, -m, unittest, discover, -s, tests] }
    expect: { count: { pattern: 'Ran (\\d+) tests', is: 12 } }
    timeoutSeconds: 60
  - { name: switch, run: 'python3 app.py status', expect: { contains: switch off } }
rehearsal:
  run: [python3, app.py, rehearse]
  refused: [python3, app.py, live]
  counts: [python3, app.py, count]
tolerate: [listening-ports, running-services]
skeleton: { folders: [runs, locks], files: { app.yaml: 'live: false' } }
`

const ALICE = 'alice@example.org'

export async function createDeployFixture(sshd: Sshd, hooks: DeployHooks = {}): Promise<DeployFixture> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-deploys-')))
  const srv = join(folder, 'srv')
  const old = join(srv, 'app-1')
  writeFiles(old, { 'app.py': 'old\n', 'data/kept.txt': 'kept\n' })
  commitAll(old)
  const repository = join(folder, 'repository')
  writeFiles(repository, PROGRAM)
  const commit = commitAll(repository)
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  file('checks.yaml', CHECKS)
  const keyFile = join(folder, 'alice')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile])
  const publicKey = execFileSync('ssh-keygen', ['-y', '-f', keyFile], { encoding: 'utf8' }).trim()
  file('allowed_signers', `${ALICE} namespaces="cutter.deploy.*,cutter.rollback.SG2" ${publicKey}\n`)
  const base = {
    folder,
    srv,
    old,
    target: join(srv, 'app-2'),
    repository,
    commit,
    checks: (text: string) => file('checks.yaml', text),
  }
  return openEngine(base, keyFile, sshd, hooks)
}

function commitAll(folder: string): string {
  git(folder, 'init', '--quiet')
  git(folder, 'add', '--all')
  git(folder, 'commit', '--quiet', '-m', 'a step')
  return git(folder, 'rev-parse', 'HEAD')
}

type Base = Pick<DeployFixture, 'folder' | 'srv' | 'old' | 'target' | 'repository' | 'commit' | 'checks'>

async function openEngine(
  base: Base,
  keyFile: string,
  sshd: Sshd,
  hooks: DeployHooks,
): Promise<DeployFixture> {
  const { folder, repository, commit, target, old } = base
  const store = openRunStore({
    file: join(folder, 'cutter.db'),
    migrationsDirectory: resolve(import.meta.dirname, '../../migrations/store/sqlite'),
  })
  await store.setExecutionSwitch({
    enabled: true,
    until: '2999-01-01T00:00:00.000Z',
    reason: 'a test',
    by: 'test',
    at: new Date().toISOString(),
  })
  const deps: DeployDeps & RollbackDeps = {
    run: (id) => loadRun({ store }, id),
    host: keepHosts(async (name, signal) => {
      const host = await openHost(
        name === 'box' ? 'web' : name,
        { home: sshd.home, env: {}, tools: TRUSTED_TOOLS },
        signal,
      )
      return hooks.host?.(host) ?? host
    }),
    readChecks: async (path) => parse(execFileSync('cat', [path], { encoding: 'utf8' })),
    adopted: async () => (await hooks.adopted?.()) ?? [],
    mayRehearseRollback: () => true,
    tools: TRUSTED_TOOLS,
  }
  let ticks = 0
  const parts: EngineDeps = {
    store,
    installed: async (name) =>
      name === 'rollback'
        ? {
            machine: { ...rollback, definitionDigest: digestOf('rollback') },
            effects: rollbackEffects(deps),
            admit: (input) => admitRollback(deps, input),
          }
        : {
            machine: { ...deploy, definitionDigest: digestOf('deploy') },
            effects: deployEffects(deps),
            admit: (input) => admitDeploy(deps, input),
          },
    clock: systemClock,
    randomHex: (bytes) =>
      (Date.now() + ++ticks)
        .toString(16)
        .slice(-2 * bytes)
        .padStart(2 * bytes, '0'),
    nonce: () => `nonce-${Date.now()}-${++ticks}`,
    owner: () => ({ id: 'here', host: 'here', pid: process.pid }),
    ownerAlive: () => true,
    osUser: 'uid:1001',
    trust: { allowedSigners: join(folder, 'allowed_signers') },
    policy: () => ({ validHours: 24 }),
    allowLive: async () => true,
    caps: { runMinutes: 60, phaseMinutes: 10, steps: 10_000 },
    log: { info() {}, warn() {}, error() {} },
    onStep: (run) => hooks.onStep?.(run),
    interrupt: new AbortController().signal,
  }
  const engine = createEngine(parts)
  return {
    ...base,
    engine,
    parts,
    store,
    start(mode = 'live', more = {}) {
      const flags = {
        source: repository,
        commit,
        host: 'box',
        path: target,
        previous: old,
        checks: join(folder, 'checks.yaml'),
        ...more,
      }
      return engine.start('deploy', flags, { mode })
    },
    rollback: ({ runId }, mode = 'live') => engine.start('rollback', { run: runId }, { mode }),
    async approve({ runId, mode }) {
      const options = { as: ALICE, decision: 'approve' as const, reason: 'read and agreed' }
      const approval =
        mode === 'live'
          ? (await signApproval(parts, runId, { ...options, keyFile })).approval
          : await rehearseApproval(parts, runId, options)
      return engine.resume(runId, { approvalId: approval.approvalId })
    },
    async abandon({ runId }) {
      const options = { as: ALICE, decision: 'abandon' as const, reason: 'nobody reaches the host', keyFile }
      const { approval } = await signApproval(parts, runId, options)
      return engine.abandon(runId, { approvalId: approval.approvalId })
    },
    resume: ({ runId }) => engine.resume(runId, {}),
    async reopen() {
      await store.close()
      return openEngine(base, keyFile, sshd, hooks)
    },
    async remove() {
      await store.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

/** Lists everything in a folder by kind, mode, time, link and hash, so that any change shows. */
export const hashFolder = (folder: string) =>
  execFileSync(
    'sh',
    [
      '-c',
      'find . -printf "%p %y %m %T@ %l\\n" | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum',
    ],
    { cwd: folder, encoding: 'utf8' },
  )

export const listEntries = (folder: string) => readdirSync(folder).sort()
