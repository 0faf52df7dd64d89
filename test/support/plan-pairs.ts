import { digestOfBytes, type Json, sha256 } from '../../src/domain/json.ts'
import { aMigrationPlan } from '../plan-page/migration-plan-fixture.ts'

/** Two plans of one gate, with what a person must read of their difference at every door. */
export interface PlanPairCase {
  machine: string
  before: Json
  after: Json
  /** Other evidence that the plans name. */
  evidence: Uint8Array[]
  /** Each `how what: words`, with `[-…-]` and `{+…+}` round the words that go and come, by part. */
  reads: { [part: string]: string[] }
}

type Plan = { [field: string]: Json }
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as Plan

function aCut(articles: string[], first: string): { plan: Plan; source: Uint8Array } {
  const texts = articles.map((text, at) => `## Article ${at + 1}\n\n${text}\n`)
  const source = Buffer.from(texts.join(''))
  let at = 0
  const actions = texts.map((text, index) => {
    const start = at
    at += Buffer.byteLength(text)
    const unit = { address: `LAW/ARTICLE-${index + 1}`, title: `Article ${index + 1}`, parent: null }
    return {
      ...{ ...unit, kind: 'article', number: String(index + 1), sortOrder: index + 1, start, end: at },
      ...{ action: index === 0 ? first : 'create', contentHash: digestOfBytes(Buffer.from(text)) },
      ...{ oldContentHash: null, change: null, from: [] },
    }
  })
  const plan = plain({
    type: 'cutter.plan.cut/v1',
    ...{ mode: 'live', document: 'LAW', machineVersion: '1', operation: 'first_cut', limits: { units: 9 } },
    target: { systemIdentifier: '74', database: 'laws', serverVersion: 150018 },
    source: {
      ...{ sourceVersionId: `sv-${sha256(source).slice(0, 32)}`, sha256: sha256(source) },
      ...{ bytes: source.length, profile: 'markdown', profileVersion: '2' },
    },
    ...{ actions, endings: [], aliases: [], left: [], excluded: [] },
    layout: [
      { text: '# Law\n' },
      ...actions.map(({ address, contentHash }) => ({ unit: address, contentHash })),
    ],
    expected: {
      units: [],
      surface: {
        functions: [{ name: 'public.f()', digest: digestOfBytes(source) }],
        grants: [{ privilege: 'select', object: 'table public.unit', grantee: 'reader' }],
      },
    },
    arithmetic: { unitsWritten: actions.length, governanceRows: 9 },
    rollback: { beforeCommit: 'ROLLBACK', afterCommit: 'forward only' },
  })
  return { plan, source }
}

const digest = (sign: string) => sign.repeat(64)

const aDeploy = (name: string, files: string[], tree: string): Plan =>
  plain({
    type: 'cutter.plan.deploy/v2',
    ...{
      machineVersion: '1',
      mode: 'live',
      strategy: 'release',
      onFailure: 'rollback',
      confirmSeconds: null,
    },
    host: { name, address: `${name}.example.org`, hostKey: 'ssh-ed25519 SHA256:x', user: 'app' },
    source: { commit: digest('a').slice(0, 40), tree: digest('b').slice(0, 40), prefix: '' },
    artifact: { files: files.length, sha256: digest(tree) },
    place: { target: '/srv/app/2', strategy: 'release' },
    pointer: { path: '/srv/app/current', from: '1', to: '2' },
    ...{ activation: null, old: [] },
    changes: {
      since: { path: '/srv/app/1', commit: 'c1', run: 'idep-1' },
      commits: null,
      counts: { commits: null, added: files.length, changed: 0, removed: 0 },
      ...{ added: files.map((path) => ({ path, bytes: 12 })), changed: [], removed: [], differences: [] },
    },
    commands: [
      { id: 'stage', argv: ['sh', '-c', 'mkdir "$1"', 'stage', '/srv/app/.s'] },
      { id: 'send', argv: ['put', 'artifact.tar', '/srv/app/.s/artifact.tar'] },
      ...files.map((path) => ({ id: `check ${path}`, argv: ['test', '-f', path] })),
      { id: 'send', argv: ['put', 'files', '/srv/app/.s/files'] },
    ],
    rollback: [{ id: 'discard', argv: ['rm', '-r', '/srv/app/.s'] }],
    checks: { checks: files.map((path) => ({ name: path, run: ['test', '-f', path], timeoutSeconds: 300 })) },
    expected: {
      target: 'absent',
      previous: [{ path: '/srv/app/1', treeHash: digest(tree), gitClean: 'yes' }],
      warnings: tree === '1' ? [] : ['disk: warning'],
    },
  })

const hosts = (...plans: Plan[]): Plan => ({
  type: 'cutter.plan.deploy-hosts/v1',
  ...{ machineVersion: '1', mode: 'live', serial: 1, canary: null, maxFailures: 0, hosts: plans },
})

function aMigration(to: string, updated: number): Plan {
  const plan = aMigrationPlan()
  const text = plan.migration.text.replace('draft', to)
  return plain({
    ...plan,
    dependsOn: { schema: `sha256:${digest(updated === 86 ? '1' : '2')}`, touches: ['public.unit'] },
    migration: { ...plan.migration, text, sha256: sha256(text) },
    expect: {
      ...plan.expect,
      schema: {
        ...plan.expect.schema,
        added: ['column public.unit.state', ...(to === 'draft' ? [] : ['index i'])],
      },
      rows: { 'public.unit': { ...plan.expect.rows['public.unit'], updated } },
    },
  })
}

const aRollback = (paths: string[], found: string): Plan => ({
  type: 'cutter.plan.rollback/v2',
  ...{ machineVersion: '1', mode: 'live', ofRun: 'idep-1', target: '/srv/app/2', found, stays: false },
  host: { name: 'web1', address: 'web1.example.org' },
  pointer: { path: '/srv/app/current', now: '2', back: '1' },
  removes: paths.map((path) => ({ path, type: 'file', mode: 420, sha256: digest('1') })),
  commands: [{ id: 'switch-back', argv: ['ln', '-s', '1', '/srv/app/current'] }],
  rollback: 'none: what is removed is gone',
})

const law = aCut(['The board meets in May.', 'Two.'], 'create')
const amended = aCut(['The board meets in June.', 'Two.', 'Three\u200b.'], 'adopt')
const one = (name: string) => aDeploy(name, ['app.py'], '1')

export const PLAN_PAIRS: PlanPairCase[] = [
  {
    machine: 'cut',
    before: law.plan,
    after: amended.plan,
    evidence: [law.source, amended.source],
    reads: {
      Units: [
        'changed LAW/ARTICLE-1 › text: ## Article 1 The board meets in [-May-] {+June+}.',
        'changed LAW/ARTICLE-1 › action: [-create (a new unit, written as a draft)-] → {+adopt (a draft with this text exists; it is used)+}',
        'added LAW/ARTICLE-3: {+text: ## Article 3 Three\\u{200b}. ; action: create (a new unit, written as a draft);',
      ],
      'In short': ['changed units written: [-2-] → {+3+}'],
    },
  },
  {
    machine: 'deploy',
    before: one('web1'),
    after: aDeploy('web1', ['lib/new.py', 'app.py'], '2'),
    evidence: [],
    reads: {
      'What changes': ['added new files › lib/new.py: {+size in bytes: 12+}'],
      'What happens, in this order': ['added check lib/new.py: {+command: test -f lib/new.py+}'],
      Checks: ['added checks › lib/new.py: {+run: test, -f, lib/new.py; timeout seconds: 300+}'],
      'What it expects of the world': [
        'changed releases before › /srv/app/1 › digest of its files: [-111111111111…-] → {+222222222222…+}',
        'added warnings: {+disk: warning+}',
      ],
    },
  },
  {
    machine: 'deploy to several hosts',
    before: hosts(one('web1'), one('web2')),
    after: hosts(aDeploy('web2', ['app.py'], '2'), one('web1'), one('web3')),
    evidence: [],
    reads: {
      'The hosts, in this order': ['added : {+web3+}', 'changed order: [-web1, web2-] → {+web2, web1+}'],
      'Host web2: What is sent': [
        'changed digest of its bytes (SHA-256): [-111111111111…-] → {+222222222222…+}',
      ],
      'Host web3: Where it goes': ['added : {+strategy: release; target: /srv/app/2+}'],
    },
  },
  {
    machine: 'migrate',
    before: aMigration('draft', 86),
    after: aMigration('enacted', 90),
    evidence: [],
    reads: {
      'The script': [
        "changed text: … table unit add column state text; update unit set state = '[-draft-] {+enacted+}'; create",
      ],
      'What changes': [
        'changed rows of public.unit › updated: [-86-] → {+90+}',
        'added schema › added: {+index i+}',
      ],
      'What it expects of the world': [
        'changed digest of the schema that it touches: [-sha256:111111111111…-] → {+sha256:222222222222…+}',
      ],
    },
  },
  {
    machine: 'rollback',
    before: aRollback(['a.txt', 'b.txt'], 'in its place'),
    after: aRollback(['b.txt', 'c.txt'], 'withdrawn'),
    evidence: [],
    reads: {
      'What is removed': [
        'removed a.txt: [-mode: 420; digest of its bytes (SHA-256): 111111111111…; type: file-]',
        'added c.txt: {+mode: 420; digest of its bytes (SHA-256): 111111111111…; type: file+}',
      ],
      'About the plan': ['changed found: [-in its place-] → {+withdrawn+}'],
    },
  },
  {
    machine: 'own',
    before: { steps: [{ command: 'one' }, { command: 'two' }], keys: { old: 'k' }, limit: 1 },
    after: { steps: [{ command: 'one' }, { command: '<b>\u202etwo' }], keys: {}, limit: '1' },
    evidence: [],
    reads: {
      'The plan': [
        'changed steps › 2 › command: [-two-] → {+<b>\\u{202e}two+}',
        'removed keys › old: [-k-]',
        'changed limit: [-1-] → {+"1"+}',
      ],
    },
  },
]
