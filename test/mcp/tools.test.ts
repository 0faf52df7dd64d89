import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Agent, agentAt } from '../support/agents.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** The tools of agents, at /mcp of a service, with the official client. */

const ROOT = resolve(import.meta.dirname, '../..')
const CONFIG = 'machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n'
const BUNDLE = {
  'migration.sql': 'alter table public.t add column note text;\n',
  'preflight.sql': "select 'a table' as name, to_regclass('public.t') is not null as ok;\n",
  'verify.sql': "select 'empty' as name, count(note) as value, 0 as expected from public.t;\n",
  'rollback.sql': 'alter table public.t drop column note;\n',
}

let at: HttpService
let agent: Agent
let viewer: Agent
let ofCuts: Agent
let link: Agent
let runId: string

const inHome = (name: string) => join(at.home.folder, name)
const start = (by: Agent, more: object = {}) =>
  by.call('start_dry_run', { machine: 'rotate-keys', input: { file: inHome('key') }, ...more })

beforeAll(async () => {
  at = await aService(CONFIG)
  copyFileSync(join(ROOT, 'test/examples/rotate-keys.ts'), inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  const agentOf = async (given: Parameters<HttpService['token']>[0]) => agentAt(at.url, await at.token(given))
  agent = await agentOf({ name: 'deploybot', role: 'operator' })
  viewer = await agentOf({ name: 'vera', role: 'viewer' })
  ofCuts = await agentOf({ name: 'clerk', role: 'operator', machines: ['cut'] })
  runId = (await start(agent, { key: 'once' })).value.run.runId
  link = await agentOf({ name: 'guest', role: 'viewer', run: runId })
})
afterAll(async () => {
  for (const one of [agent, viewer, ofCuts, link]) await one?.close()
  await at.remove()
})

describe('the list of tools', () => {
  /** Frozen: whoever adds a tool says here that it lets nobody past a gate. */
  const FROZEN = [
    'cancel',
    'explain',
    'history',
    'hold_on',
    'list_runs',
    'machines',
    'propose_migration',
    'read_plan',
    'resume_after_approval',
    'scan_document',
    'start_dry_run',
    'start_live_plan',
    'wait_for_gate',
  ]

  test('is the frozen one, for each role', async () => {
    for (const one of [agent, viewer, link]) {
      const { tools } = await one.client.listTools()
      expect(tools.map(({ name }) => name).sort()).toEqual(FROZEN)
      expect(tools.filter(({ outputSchema }) => outputSchema === undefined)).toEqual([])
    }
  })

  test('calls no use case but these: none approves, imports, enables, releases, or makes a token', () => {
    const folder = join(ROOT, 'src/mcp')
    const used = readdirSync(folder).flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/from '\.\.\/service\/([^']+)\.ts'/g)].map(
        ([, name]) => name!,
      ),
    )
    expect([...new Set(used)].sort()).toEqual([
      'agents/agent-call',
      'agents/manual',
      'agents/pages',
      'agents/plan-page',
      'agents/run-for-agent',
      'agents/wait-for-gate',
      'answers/answers',
      'holds/on',
      'machines/inputs',
      'migrations/keep',
      'runs/cancel',
      'runs/explain',
      'runs/list',
      'runs/plan',
      'runs/resume',
      'runs/run-answer',
      'runs/show',
      'runs/start',
    ])
  })

  test.each([
    ['resume_after_approval', { run: 'x' }],
    ['start_dry_run', { machine: 'cut', mode: 'live' }],
    ['start_dry_run', { machine: 'cut', by: 'alice' }],
    ['hold_on', {}],
    ['wait_for_gate', { run: 'x', seconds: 51 }],
    ['list_runs', { limit: 0 }],
    ['approve', {}],
  ])('%s with %j is refused before any use case', async (name, input) => {
    const answer = await agent
      .call(name, input)
      .catch((error: Error) => ({ isError: true, text: error.message }))
    expect(answer.isError).toBe(true)
    expect(answer.text).toMatch(/Invalid|invalid|not found|Unknown tool/)
  })
})

describe('a start', () => {
  test('answers the run at its gate, with who may approve and when to ask again', async () => {
    const { value, text } = await start(agent, { key: 'once' })
    expect(value).toMatchObject({
      arrived: true,
      run: { runId, status: 'paused', gate: 'SG1', startedBy: 'deploybot' },
      gate: { gate: 'SG1', agentMayApprove: false, page: `${at.url}/runs/${runId}/gate`, need: 1 },
      askAgain: { tool: 'wait_for_gate', arguments: { run: runId, until: 'approval' } },
    })
    expect(Date.parse(value.askAgain.at)).toBeGreaterThan(Date.now())
    expect(text).toContain('You can’t approve it, and no tool can')
    const shown = await at.home.store.history(runId)
    expect(shown[0]!.event).toMatchObject({ operatorDeclared: 'token', through: 'mcp' })
  })

  test('of a dry run says that a rehearsal passes the gate, and of no signature', async () => {
    const { text } = await agent.call('wait_for_gate', { run: runId, seconds: 0 })
    expect(text).toContain('a person’s rehearsal passes, without a signature')
    expect(text).not.toContain('a person approves')
  })

  test('with a key that was used for other input is refused, and changes nothing', async () => {
    const { isError, value } = await start(agent, { key: 'once', input: { file: inHome('other') } })
    expect([isError, value.error.code, value.touched]).toEqual([true, 'KEY_REUSED', []])
  })

  test.each([
    ['a viewer', () => start(viewer), 'ACCESS_REFUSED'],
    ['a link', () => start(link), 'ACCESS_REFUSED'],
    ['a token of another machine', () => start(ofCuts), 'ACCESS_REFUSED'],
    ['a module by its path', () => start(agent, { machine: './rotate-keys.ts' }), 'INPUT_REFUSED'],
    ['an unknown machine', () => start(agent, { machine: 'none' }), 'MACHINE_NOT_FOUND'],
    ['a secret', () => start(agent, { input: { file: 'password=hunter2hunter2' } }), 'INPUT_REFUSED'],
    [
      'a field that the machine does not have',
      () => start(agent, { input: { file: inHome('key'), profileOf: 'x' } }),
      'USAGE',
      '"profileOf"',
    ],
    [
      'a file of the computer',
      () => start(agent, { machine: 'cut', input: { document: 'C', source: '/etc/passwd' } }),
      'INPUT_REFUSED',
    ],
  ])('by or of %s is refused', async (_, act, code, named = '') => {
    const { isError, value, text } = await act()
    expect(text).toContain(named)
    expect([isError, value.error.code, text.startsWith(`${code}: `)]).toEqual([true, code, true])
    expect(value.error.next).not.toBe('')
  })

  test('of a live plan is refused while live writes are off, and no tool switches them on', async () => {
    const live = { machine: 'rotate-keys', input: { file: inHome('key') } }
    expect((await agent.call('start_live_plan', live)).value.error.code).toBe('LIVE_REFUSED')
  })
})

describe('what is read', () => {
  test('lists runs by pages', async () => {
    const other = (await start(agent)).value.run.runId
    const first = await viewer.call('list_runs', { limit: 1 })
    const second = await viewer.call('list_runs', { limit: 1, cursor: first.value.next })
    expect([first, second].map(({ value }) => value.runs[0].runId)).toEqual([other, runId])
    expect((await ofCuts.call('list_runs')).value.runs).toEqual([])
    expect((await link.call('list_runs')).value.runs.map((run: { runId: string }) => run.runId)).toEqual([
      runId,
    ])
  })

  test('gives the plan whose SHA-256 is its digest, for people and as bytes', async () => {
    const { value } = await viewer.call('read_plan', { run: runId, format: 'json' })
    const sha256 = createHash('sha256').update(value.text).digest('hex')
    expect([`sha256:${sha256}`, value.pages]).toEqual([value.planDigest, 1])
    expect((await viewer.call('read_plan', { run: runId })).value.text).toContain('SG1')
    expect((await viewer.call('read_plan', { run: runId, page: 9 })).value.error.code).toBe('USAGE')
  })

  test('gives the history from an entry on', async () => {
    const all = await viewer.call('history', { run: runId })
    const rest = await viewer.call('history', { run: runId, after: 1, limit: 1 })
    expect(rest.value.entries).toEqual([all.value.entries[1]])
    expect(all.value).toMatchObject({ runId, next: null })
  })

  test('explains, and lists machines with their input', async () => {
    const explained = await viewer.call('explain', { run: runId })
    expect(explained.value).toMatchObject({ runId, waitsFor: { kind: 'approval', gate: 'SG1' } })
    const { machines } = (await viewer.call('machines')).value
    const own = machines.find(({ name }: { name: string }) => name === 'rotate-keys')
    expect(own).toMatchObject({ gates: ['SG1'], input: [{ name: 'file', required: true }] })
  })

  test('is refused where the token does not reach it, as if it were not there', async () => {
    for (const [tool, more] of [
      ['read_plan'],
      ['explain'],
      ['history'],
      ['wait_for_gate', { seconds: 0 }],
    ] as const)
      expect((await ofCuts.call(tool, { run: runId, ...more })).value.error.code, tool).toBe('RUN_NOT_FOUND')
  })

  test('stands at addresses: runs, plans and the manual', async () => {
    const { resources } = await viewer.client.listResources()
    const uris = resources.map(({ uri }) => uri)
    expect(uris).toEqual(
      expect.arrayContaining([
        `cutter://runs/${runId}`,
        `cutter://runs/${runId}/plan`,
        'cutter://docs/migrate',
      ]),
    )
    const read = async (uri: string) =>
      ((await viewer.client.readResource({ uri })).contents[0] as { text: string }).text
    expect(JSON.parse(await read(`cutter://runs/${runId}`))).toMatchObject({
      runId,
      operatorDeclared: 'token',
    })
    expect(await read(`cutter://runs/${runId}/plan`)).toContain('SG1')
    expect(await read('cutter://docs/migrate')).toBe(readFileSync(join(ROOT, 'docs/migrate.md'), 'utf8'))
    await expect(read('cutter://docs/../package.json')).rejects.toThrow()
    for (const uri of ['cutter://runs/no-such-run', 'cutter://runs/no-such-run/plan'])
      await expect(viewer.client.readResource({ uri })).rejects.toMatchObject({
        code: -32602,
        data: { code: 'RUN_NOT_FOUND' },
      })
    await expect(ofCuts.client.readResource({ uri: `cutter://runs/${runId}` })).rejects.toThrow(
      'there is no run',
    )
  })
})

describe('what is sent', () => {
  const text = '# Charter\n\n## Article 1\n\nOne.\n\n## Article 2\n\nTwo.\n'

  test('a document is scanned by pages, and kept for a cut', async () => {
    const { value } = await agent.call('scan_document', { document: 'CHARTER', text, limit: 1 })
    expect(value).toMatchObject({
      recordCount: 3,
      next: 1,
      scan: { document: 'CHARTER', coverage: { complete: true } },
    })
    const rest = await agent.call('scan_document', { document: 'CHARTER', file: value.upload, from: 1 })
    expect([rest.value.scan.records.length, rest.value.next]).toEqual([2, null])
    const cut = { machine: 'cut', input: { document: 'CHARTER', source: value.upload, target: 'none' } }
    // What is refused now is the target, which does not exist.
    expect((await agent.call('start_dry_run', cut)).value.error.code).toBe('TARGET_NOT_FOUND')
    expect((await viewer.call('scan_document', { text })).value.error.code).toBe('ACCESS_REFUSED')
    expect((await agent.call('scan_document', {})).value.error.code).toBe('INPUT_REFUSED')
  })

  const bundleYaml = (sha256: string) => `name: note
migration: { file: migration.sql, sha256: "${sha256}" }
preflight: preflight.sql
verify: verify.sql
rollback: rollback.sql
expect: { schema: { added: [column public.t.note], removed: [], changed: [] } }
lockTimeoutSeconds: 5
statementTimeoutSeconds: 300
`

  test.each([[{}], [{ text: '' }], [{ file: '' }], [{ file: '.' }]])(
    'a scan of %j is refused, and names no place of the computer',
    async (input) => {
      const { isError, value, text } = await agent.call('scan_document', input)
      expect([isError, value.error.code]).toEqual([true, 'INPUT_REFUSED'])
      expect(text).not.toContain(at.home.folder)
    },
  )

  test('a migration with faults is not kept, and one without is named for a run', async () => {
    const sha256 = createHash('sha256').update(BUNDLE['migration.sql']).digest('hex')
    const wrong = await agent.call('propose_migration', {
      files: { ...BUNDLE, 'bundle.yaml': bundleYaml('0'.repeat(64)) },
    })
    expect(wrong.value).toMatchObject({ ok: false, bundle: null, faults: [{ file: expect.any(String) }] })
    const files = { ...BUNDLE, 'bundle.yaml': bundleYaml(sha256) }
    const { value } = await agent.call('propose_migration', { files })
    expect(value).toMatchObject({
      ok: true,
      faults: [],
      bundle: expect.stringMatching(/^upload:[0-9a-f]{64}$/),
    })
    expect((await agent.call('propose_migration', { files })).value.bundle).toBe(value.bundle)
    const migrate = { machine: 'migrate', input: { bundle: value.bundle, target: 'none' } }
    expect((await agent.call('start_dry_run', migrate)).value.error.code).toBe('TARGET_NOT_FOUND')
    expect((await viewer.call('propose_migration', { files })).value.error.code).toBe('ACCESS_REFUSED')
  })

  test.each(['../x.sql', 'a/b.sql', '/etc/x.sql', '.x.sql', 'x.sh', 'bundle.yaml/../x.sql', ''])(
    'a migration with a file named %j is refused',
    async (name) => {
      const files = { ...BUNDLE, 'bundle.yaml': bundleYaml('0'.repeat(64)), [name]: 'select 1;\n' }
      expect((await agent.call('propose_migration', { files })).value.error.code).toBe('INPUT_REFUSED')
    },
  )
})

describe('what moves', () => {
  test('cancel of a closed run says that nothing was cancelled', async () => {
    const { runId: closed } = (await start(agent)).value.run
    await agent.call('cancel', { run: closed, reason: 'a test' })
    const again = await agent.call('cancel', { run: closed, reason: 'once more' })
    expect(again.text).toMatch(
      /^the run closed as cancelled on .*; nothing was cancelled, and no reason was recorded\./,
    )
    expect(again.value.run.outcome).toBe('cancelled')
  })

  test('cancel closes a run with its reason, and does so for no viewer', async () => {
    const { value } = await start(agent)
    const given = { run: value.run.runId, reason: 'the wrong key' }
    expect((await viewer.call('cancel', given)).value.error.code).toBe('ACCESS_REFUSED')
    expect((await agent.call('cancel', given)).value).toMatchObject({
      run: { status: 'closed', outcome: 'cancelled' },
      gate: null,
      askAgain: null,
    })
  })

  test('hold_on is for anyone with a token but a link, and nothing here ends the hold', async () => {
    expect((await link.call('hold_on', { reason: 'a test' })).value.error.code).toBe('ACCESS_REFUSED')
    const held = await viewer.call('hold_on', { reason: 'a test' })
    expect(held.value).toMatchObject({ on: true, reason: 'a test', by: 'vera' })
    expect((await start(agent)).value.error.code).toBe('ON_HOLD')
    const admin = await at.token({ name: 'ann', role: 'admin' })
    const off = await at.post('/api/v1/hold/off', admin, { reason: 'the test is over' })
    expect(off.json.on).toBe(false)
  })
})
