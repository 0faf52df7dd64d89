import { copyFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import type { CreateTokenInput } from '../../src/service/tokens/create.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** What Prometheus reads of a service. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = `machines: { rotate-keys: ./rotate-keys.ts }
execution: { allowLive: true }
messages: { receivers: { pager: { command: [/bin/false] } } }
`

let at: HttpService
let keys: KeyFolder
let admin: string
const inHome = (name: string) => join(at.home.folder, name)
const list = (...lines: string[]) =>
  writeFileSync(inHome('allowed_signers'), lines.join('\n'), { mode: 0o600 })

beforeEach(async () => {
  keys = openKeyFolder()
  keys.key('alice')
  at = await aService(CONFIG)
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  list(`alice@example.org ${keys.publicKey('alice')}`, '')
  admin = await at.token({ name: 'ann', role: 'admin' })
  await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
})
afterEach(async () => {
  await at.remove()
  keys.remove()
})

async function start(): Promise<string> {
  const body = { machine: 'rotate-keys', input: { file: inHome('key') }, mode: 'live' }
  const { json } = await at.post('/api/v1/runs', admin, body)
  expect(json).toMatchObject({ status: 'paused', gate: 'SG1' })
  return json.runId
}

async function approve(runId: string) {
  const body = { as: 'alice@example.org', decision: 'approve', reason: 'read it' }
  const { text } = await at.post(`/api/v1/runs/${runId}/statement`, admin, body)
  const { tools } = (await at.home.app()).deps.trust
  const signature = await signText({
    text,
    keyFile: keys.path('alice'),
    namespace: 'cutter.rotate-keys.SG1',
    tools,
  })
  const { approvalId } = (await at.post('/api/v1/approvals', admin, { statement: text, signature })).json
  return (await at.post(`/api/v1/runs/${runId}/resume`, admin, { approval: approvalId })).json
}

const scrape = async () => (await at.get('/metrics', admin)).text

/** The samples of a text of metrics, by name and labels as they stand. */
async function samples(): Promise<Map<string, number>> {
  const lines = (await scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const place = line.lastIndexOf(' ')
      return [line.slice(0, place), Number(line.slice(place + 1))]
    }),
  )
}

test('the numbers follow a run from its start to its end', async () => {
  const before = await samples()
  expect([...before.keys()].filter((name) => name.startsWith('cutter_runs{'))).toEqual([])
  expect(before.get('cutter_step_seconds_count')).toBe(0)
  expect(before.get('cutter_store_bytes{part="database"}')).toBeGreaterThan(0)

  const runId = await start()
  const waiting = await samples()
  const atGate = 'machine="rotate-keys",gate="SG1"'
  const inState = (state: string, status: string) =>
    `cutter_runs{machine="rotate-keys",state="${state}",status="${status}"}`
  expect(waiting.get(inState('AWAITING_APPROVAL', 'paused'))).toBe(1)
  expect(waiting.get(`cutter_gate_waiting_runs{${atGate}}`)).toBe(1)
  expect(waiting.get(`cutter_gate_longest_wait_seconds{${atGate}}`)).toBeGreaterThan(0)
  expect(waiting.get(`cutter_gate_wait_seconds_count{${atGate}}`)).toBeUndefined()
  const planned = 'machine="rotate-keys",effect="plan"'
  expect(waiting.get(`cutter_effects_total{${planned},outcome="execute"}`)).toBe(1)
  expect(waiting.get(`cutter_effect_seconds_count{${planned}}`)).toBe(1)
  const saved = waiting.get('cutter_step_seconds_count')!
  expect(saved).toBe((await at.home.store.run(runId))!.seq)

  expect(await approve(runId)).toMatchObject({ outcome: 'succeeded' })
  const closed = await samples()
  const { state, seq } = (await at.home.store.run(runId))!
  expect(closed.get(inState(state, 'closed'))).toBe(1)
  expect(closed.get(inState('AWAITING_APPROVAL', 'paused'))).toBeUndefined()
  expect(closed.get(`cutter_gate_waiting_runs{${atGate}}`)).toBeUndefined()
  expect(closed.get(`cutter_gate_wait_seconds_count{${atGate}}`)).toBe(1)
  expect(closed.get(`cutter_gate_wait_seconds_sum{${atGate}}`)).toBeGreaterThan(0)
  const written = [...closed].filter(([name]) => /^cutter_effects_total.*outcome="execute"/.test(name))
  expect(written.length).toBeGreaterThan(1)
  expect(closed.get('cutter_step_seconds_count')).toBe(seq)
  for (const idle of ['cutter_effects_at_work', 'cutter_effects_queued', 'cutter_runs_at_work'])
    expect([idle, closed.get(idle)]).toEqual([idle, 0])
})

test('an effect that stops counts under its stop code', async () => {
  const body = { machine: 'rotate-keys', input: { file: inHome('no-such-key') } }
  const { json } = await at.post('/api/v1/runs', admin, body)
  expect(json).toMatchObject({ status: 'stopped', stopCode: expect.stringMatching(/^STOP_/) })
  const key = `cutter_effects_total{machine="rotate-keys",effect="plan",outcome="${json.stopCode}"}`
  expect((await samples()).get(key)).toBe(1)
})

test('the names of metrics and labels are these', async () => {
  await start()
  await approve(await start())
  await expect.poll(scrape).toContain('cutter_runs_stranded{')
  const found = new Map<string, Set<string>>()
  for (const name of (await samples()).keys()) {
    const [, metric = '', labels = ''] = /^(\w+?)(?:_(?:bucket|sum|count))?(?:\{(.*)\})?$/.exec(name) ?? []
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!)
    found.set(metric, new Set([...(found.get(metric) ?? []), ...names]))
  }
  const own = [...found].filter(([name]) => name.startsWith('cutter_'))
  expect(Object.fromEntries(own.map(([name, labels]) => [name, [...labels].sort()]))).toEqual({
    cutter_effect_seconds: ['effect', 'le', 'machine'],
    cutter_effects_at_work: [],
    cutter_effects_queued: [],
    cutter_effects_total: ['effect', 'machine', 'outcome'],
    cutter_gate_longest_wait_seconds: ['gate', 'machine'],
    cutter_gate_wait_seconds: ['gate', 'le', 'machine'],
    cutter_gate_waiting_runs: ['gate', 'machine'],
    cutter_outbox_messages: ['receiver', 'state'],
    cutter_outbox_oldest_seconds: ['receiver'],
    cutter_runs: ['machine', 'state', 'status'],
    cutter_runs_at_work: [],
    cutter_runs_examined_timestamp_seconds: [],
    cutter_runs_stranded: ['machine'],
    cutter_step_seconds: ['le'],
    cutter_store_bytes: ['part'],
  })
  const others = [...found].flatMap(([name, labels]) => (name.startsWith('cutter_') ? [] : [...labels]))
  // What prom-client tells of the process.
  const ofNode = ['kind', 'le', 'major', 'minor', 'patch', 'space', 'type', 'version']
  expect(others.filter((label) => !ofNode.includes(label))).toEqual([])
  expect(found.has('process_resident_memory_bytes')).toBe(true)
})

/** What operators watch, with a sample of each. */
const WATCHED: [what: string, sample: RegExp][] = [
  [
    'runs by machine, state and status',
    /^cutter_runs\{machine="rotate-keys",state="\w+",status="paused"\} 1$/m,
  ],
  ['how long runs wait at gates', /^cutter_gate_longest_wait_seconds\{machine="rotate-keys",gate="SG1"\} /m],
  ['how long people took', /^cutter_gate_wait_seconds_count\{machine="rotate-keys",gate="SG1"\} 1$/m],
  [
    'effects by outcome',
    /^cutter_effects_total\{machine="rotate-keys",effect="\w+",outcome="execute"\} [1-9]/m,
  ],
  ['the latency of steps', /^cutter_step_seconds_bucket\{le="0\.1"\} \d/m],
  ['the queue', /^cutter_effects_queued 0$/m],
  ['the outbox', /^cutter_outbox_messages\{receiver="pager",state="waiting"\} [1-9]/m],
  ['the size of the store', /^cutter_store_bytes\{part="database"\} [1-9]/m],
]

test('a sample tells each thing that operators watch, and no id of a run', async () => {
  const runId = await start()
  await approve(await start())
  const text = await scrape()
  for (const [what, sample] of WATCHED) expect(text, what).toMatch(sample)
  expect(text).not.toContain(runId)
})

test('no run, person, file or token is named', async () => {
  const runId = await start()
  await approve(runId)
  await expect.poll(scrape).toMatch(/cutter_runs_examined_timestamp_seconds [1-9]/)
  const text = await scrape()
  for (const name of [runId, '"ann"', 'alice', 'example.org', at.home.folder, admin])
    expect(text.includes(name), name).toBe(false)
})

test('a run that nothing can continue is counted as stranded', async () => {
  await start()
  const key = 'cutter_runs_stranded{machine="rotate-keys"}'
  list('')
  expect((await samples()).get(key)).toBeUndefined()
  await expect.poll(async () => (await samples()).get(key)).toBe(1)
})

describe('metrics are read', () => {
  test.each([
    ['a viewer', { role: 'viewer' }, 200],
    ['an operator', { role: 'operator' }, 200],
    ['a token for some machines', { role: 'admin', machines: ['rotate-keys'] }, 403],
  ] satisfies [string, Pick<CreateTokenInput, 'role' | 'machines'>, number][])(
    'by %s: %j is answered %i',
    async (_, given, status) => {
      const token = await at.token({ name: 'prometheus', ...given })
      const answer = await at.get('/metrics', token)
      expect(answer.status).toBe(status)
      if (status === 200) expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
      else expect(answer.json).toMatchObject({ code: 'ACCESS_REFUSED' })
    },
  )

  test('by no link to a run, and by nobody without a token', async () => {
    const link = await at.token({ name: 'link', role: 'viewer', run: await start() })
    expect((await at.get('/metrics', link)).status).toBe(403)
    expect((await at.get('/metrics')).status).toBe(401)
  })
})
