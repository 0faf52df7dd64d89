import { expect, test } from 'vitest'
import { linesOfRun } from '../../src/cli/run-lines.ts'
import { listHostOutcomes } from '../../src/domain/host-outcomes.ts'
import { canonicalJson, sha256 } from '../../src/domain/json.ts'
import { RUN_PLACEHOLDER } from '../../src/domain/planned-command.ts'
import { buildRequestReport } from '../../src/reports/approval-request-report.ts'
import { buildCloseoutReport } from '../../src/reports/closeout-report.ts'

/** What people and programs read of a run with several hosts. */

const PLAN = {
  type: 'cutter.plan.deploy-hosts/v1',
  hosts: ['web2', 'web1'].map((name) => ({
    host: { name },
    rollback: [{ id: 'discard', argv: ['discard', name, RUN_PLACEHOLDER] }],
  })),
}
const bytes = Buffer.from(canonicalJson(PLAN))
const planDigest = `sha256:${sha256(bytes)}`
const RUN = 'idep-20261201T000000Z-0000000a'
const at = '2026-12-01T00:00:00.000Z'
const failed = 'health: no answer\n| host | web3'

const run = {
  runId: RUN,
  ...{ machine: 'deploy', version: '1', mode: 'live', status: 'closed', state: 'CLOSEOUT_REPORTED' },
  ...{
    outcome: 'succeeded',
    phase: null,
    gate: null,
    stop: null,
    stopCode: null,
    seq: 3,
    head: 'h',
    input: {},
  },
  ...{ planDigest, startedBy: 'ann', osUser: 'uid:1', startedAt: at, updatedAt: at },
  output: {
    hosts: [
      { host: 'web2', state: 'live' },
      { host: 'web1', state: 'failed', why: failed },
    ],
  },
}
const entry = {
  seq: 2,
  at,
  by: 'ann',
  state: 'AWAITING_DEPLOY_AUTHORIZATION',
  status: 'paused',
  hash: 'h',
  event: {},
}
const record = { run, history: [], evidence: [], approvals: [], contents: new Map([[planDigest, bytes]]) }

test('show prints each host of a run with where it stands, in one line', () => {
  const lines = linesOfRun(run as never, null).map(String)
  expect(lines.filter((line) => line.startsWith('host '))).toEqual([
    'host    web2 live',
    expect.stringMatching(/^host {4}web1 failed: health: no answer.*web3$/),
  ])
  expect(lines.every((line) => !line.includes('\n'))).toBe(true)
})

test('the closeout has a table of the hosts, in which a cause forms no row of its own', () => {
  const { markdown, facts } = buildCloseoutReport({ record } as never)
  const text = String(markdown)
  expect(text).toMatch(
    /## The hosts\n\n\| host \| stands as \| why \|\n\| --- .*\n\| `web2` \| `live` \|.*\n\| `web1` \| `failed` \|/,
  )
  expect(text).not.toMatch(/^\| host \| web3/m)
  expect(facts.output).toEqual(run.output)
})

test('the closeout names the host of each phase, and none where the run has one host', () => {
  const at = (web2: string, web1: string) => [
    { host: 'web2', state: web2 },
    { host: 'web1', state: web1 },
  ]
  const phase = (name: string, more: object, index: number) => ({
    ...{ seq: index + 1, at: run.startedAt, by: 'ann', state: 'S', status: 'working', hash: 'h' },
    ...{ previousHash: 'h' },
    event: { type: `xstate.${'error' in more ? 'error' : 'done'}.actor.${name}`, kind: 'write', ...more },
  })
  const rows = (text: string) =>
    text.split('\n').flatMap((line) => /^\| `(\w+)` \| (.+?) \|/.exec(line)?.slice(1).join(' ') ?? [])
  const closeoutOf = (phases: [name: string, event: object][]) => {
    const history = phases.map(([name, event], index) => phase(name, event, index))
    return buildCloseoutReport({ record: { ...record, history } } as never)
  }
  const error = { code: 'STOP_HOST_UNREACHABLE', message: 'web1: no answer' }
  const found = closeoutOf([
    ['preflight', { output: { hosts: at('pending', 'pending') } }],
    ['next_host', { output: { hosts: at('working', 'pending') } }],
    ['build', { output: { hosts: at('working', 'pending') } }],
    ['finish', { output: { hosts: at('live', 'pending') } }],
    ['next_host', { output: { hosts: at('live', 'working') } }],
    ['build', { error }],
    // A host at work stays as it is while a live one goes back.
    ['rollback', { output: { hosts: at('back', 'working') } }],
  ])
  expect(rows(String(found.markdown))).toEqual([
    ...['web2 `live`', 'web1 `failed`'],
    ...['preflight –', 'next_host `web2`', 'next_host `web1`', 'build `web2`', 'finish `web2`'],
    ...['rollback `web2`', 'build `web1`'],
  ])
  expect(found.facts.failed).toEqual([expect.objectContaining({ phase: 'build', host: 'web1' })])
  const one = closeoutOf([
    ['build', { output: { passed: true } }],
    ['health', { error }],
  ])
  expect(String(one.markdown)).toMatch(/\| phase +\| ran +\| reached[\s\S]*\| phase +\| why +\| entry/)
  expect(JSON.stringify([one.facts.done, one.facts.failed])).not.toContain('"host"')
})

test('the request for an approval has the rollback commands of each host by its name', () => {
  const input = {
    record: { ...record, history: [entry] },
    rules: () => ({ validHours: 24 }),
    allowedSigners: 'x',
  }
  const { facts } = buildRequestReport(input as never, [{ gate: 'SG1', planDigest, entry }] as never)
  expect(facts.rollbackCommands).toEqual({
    web2: [expect.stringContaining(`web2 ${RUN}`)],
    web1: [expect.stringContaining(`web1 ${RUN}`)],
  })
})

test('no hosts are read from what machines of users report', () => {
  expect(listHostOutcomes({ ...run, machine: 'fleet' } as never)).toEqual([])
  expect(listHostOutcomes({ ...run, output: { hosts: ['web1'] } } as never)).toEqual([])
})
