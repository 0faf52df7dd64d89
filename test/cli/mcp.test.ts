import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Statement } from '../../src/domain/approval.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import { CHARTER } from '../../src/service/demo/charter.ts'
import { type Agent, agentIn } from '../support/agents.ts'
import { aCutterHome, type CutterHome, type EntryJson, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, LIVE, rehearse, sign } from '../support/cli-steps.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** The story of the demo by an agent that starts `cutter mcp`: up to each gate, and no step further without a person. */

let at: CutterHome
let key: string
const agents: Agent[] = []

const agentOf = async (
  ...given: Parameters<typeof agentIn> extends [unknown, ...infer Rest] ? Rest : never
) => {
  const agent = await agentIn(at, ...given)
  agents.push(agent)
  return agent
}
const cli = async (words: string) =>
  jsonOf<{ [field: string]: string }>(await at.cutter([...words.split(' '), '--json']))
const historyOf = async (runId: string) =>
  jsonOf<EntryJson[]>(await at.cutter(['run', 'history', runId, '--json']))

/** Everything that an agent can try at a gate. Nothing of it passes the gate, and what is recorded of it are refusals. */
async function triesToPass(
  agent: Agent,
  runId: string,
  approvals: { [reason: string]: string },
): Promise<void> {
  const before = await historyOf(runId)
  const { value: at } = await agent.call('wait_for_gate', { run: runId })
  for (const [reason, approval] of Object.entries(approvals)) {
    const { isError, value, text } = await agent.call('resume_after_approval', { run: runId, approval })
    expect([isError, value.error.reason], text).toEqual([true, reason])
  }
  for (const tool of ['list_runs', 'machines'] as const) expect((await agent.call(tool)).isError).toBe(false)
  for (const tool of ['read_plan', 'explain', 'history', 'wait_for_gate'] as const)
    expect((await agent.call(tool, { run: runId })).isError, tool).toBe(false)
  for (const tool of [
    'approve',
    'approval_import',
    'approval_rehearse',
    'execution_enable',
    'hold_off',
    'token_create',
  ])
    await expect(agent.client.callTool({ name: tool, arguments: { run: runId } })).rejects.toThrow(
      'not found',
    )
  const after = await historyOf(runId)
  const { state } = before.at(-1)!
  for (const entry of after.slice(before.length))
    expect([entry.event.type, entry.state, entry.by]).toEqual(['cutter.approval-refused', state, 'deploybot'])
  const { value } = await agent.call('wait_for_gate', { run: runId })
  expect([value.gate.gate, value.gate.planDigest]).toEqual([at.gate.gate, at.gate.planDigest])
}

const uploadOf = async (agent: Agent) =>
  (await agent.call('scan_document', { document: 'BYLAWS', text: CHARTER })).value as { upload: string }

/** Signs a statement that names no review decision, and imports it. */
async function signedWithoutReview(runId: string): Promise<string> {
  const composed = await at.cutter(['approval', 'statement', runId, '--as', ALICE])
  const { reviewDecisionId: _, ...statement } = JSON.parse(composed.stdout) as Statement
  const text = canonicalJson(statement as never)
  const namespace = namespaceOf(statement.machine, statement.gate)
  const named = at.file('statement.json', text)
  const signature = at.file('statement.sig', await signText({ text, keyFile: key, namespace }))
  const files = ['--statement', named, '--signature', signature]
  return jsonOf<{ approvalId: string }>(await at.cutter(['approval', 'import', ...files, '--json']))
    .approvalId
}

beforeAll(async () => {
  at = aCutterHome(LIVE)
  key = aSigner(at)
  await at.server()
}, 60_000)
afterAll(async () => {
  for (const agent of agents) await agent.close()
  await at.remove()
})

describe('without a service', () => {
  test('an agent goes up to each gate of a dry run, and a person’s rehearsal is what passes it', async () => {
    const agent = await agentOf({ args: ['--by', 'deploybot'] })
    const scan = await agent.call('scan_document', { document: 'CHARTER', text: CHARTER })
    expect(scan.value.scan.coverage.complete).toBe(true)
    const input = { document: 'CHARTER', source: scan.value.upload }
    const { value } = await agent.call('start_dry_run', { machine: 'cut', input, seconds: 50 })
    const { runId } = value.run
    expect(value).toMatchObject({
      run: { gate: 'SG1', startedBy: 'deploybot' },
      gate: { agentMayApprove: false, page: null, command: `cutter approval rehearse ${runId}` },
    })
    for (const gate of ['SG1', 'SG2']) {
      await triesToPass(agent, runId, { APPROVAL_UNKNOWN: 'ap-00000000000000000000000000000000' })
      const { approvalId } = await rehearse(at, runId)
      const waited = await agent.call('wait_for_gate', { run: runId, until: 'approval' })
      expect(waited.value.gate.approvals).toMatchObject([{ approvalId, wouldCount: true }])
      const given = { run: runId, approval: approvalId, seconds: 50 }
      const moved = await agent.call('resume_after_approval', given)
      expect(moved.value.run, gate).toMatchObject(
        gate === 'SG1' ? { status: 'paused', gate: 'SG2' } : { status: 'closed', outcome: 'succeeded' },
      )
    }
  }, 180_000)

  test('an agent with a token is the operator of that name, with its role', async () => {
    const { token } = await cli('token create --role viewer --name vera')
    const agent = await agentOf({ env: { CUTTER_TOKEN: token! } })
    expect((await agent.call('list_runs')).isError).toBe(false)
    const input = { document: 'CHARTER', source: 'charter.md' }
    expect((await agent.call('start_dry_run', { machine: 'cut', input })).value.error.code).toBe(
      'ACCESS_REFUSED',
    )
  }, 60_000)

  test.each(['with a token', 'without one'])(
    'an agent %s names no file outside of inputs',
    async (which) => {
      const made = which === 'with a token' ? await cli('token create --role operator --name reader') : null
      const agent = await agentOf(made === null ? {} : { env: { CUTTER_TOKEN: made.token! } })
      const outside = at.file('outside.md', CHARTER)
      const input = { document: 'CHARTER', source: outside }
      const answers = [
        await agent.call('scan_document', { file: outside }),
        await agent.call('scan_document', { file: '/etc/passwd' }),
        await agent.call('scan_document', { file: '/etc/no-such-file' }),
        await agent.call('start_dry_run', { machine: 'cut', input }),
        await agent.call('start_dry_run', { machine: 'migrate', input: { bundle: at.home, target: 'x' } }),
      ]
      for (const { isError, value, text } of answers)
        expect([isError, value.error.code], text).toEqual([true, 'INPUT_REFUSED'])
    },
    60_000,
  )

  test('a token that does not count ends the command', async () => {
    const answer = await at.cutter(['mcp'], { env: { CUTTER_TOKEN: `ctk_${'x'.repeat(43)}` } })
    expect([answer.code, answer.stdout]).toEqual([3, ''])
    expect(answer.stderr).toContain('the token is not known here')
  }, 60_000)
})

describe('through a service', () => {
  let service: ServingProgram
  let token: string

  beforeAll(async () => {
    await enableExecution(at)
    service = await serve(at)
    token = (await cli('token create --role operator --name deploybot')).token!
  }, 60_000)
  afterAll(async () => {
    expect(await service.end('SIGTERM')).toBe(0)
  })

  test('an agent plans a live cut, shows the page to its person, and passes each gate by what people signed', async () => {
    const own = aSigner(at, 'deploybot')
    const agent = await agentOf({ env: { CUTTER_TOKEN: token }, answers: 'accept', isModern: true })
    const scan = await agent.call('scan_document', { document: 'CHARTER', text: CHARTER })
    const input = { document: 'CHARTER', source: scan.value.upload }
    const { value } = await agent.call('start_live_plan', { machine: 'cut', input, seconds: 50 })
    const { runId } = value.run
    expect(value.run).toMatchObject({ mode: 'live', gate: 'SG1', startedBy: 'deploybot' })
    expect(agent.asked.map(({ url }) => url)).toEqual([`${service.url}/runs/${runId}/gate`])
    const signedBy = async (as: string, file: string) =>
      (await cli(`approval sign ${runId} --as ${as} --key ${file}`)).approvalId!
    let used: string | null = null
    for (const gate of ['SG1', 'SG2']) {
      await triesToPass(agent, runId, {
        APPROVAL_UNKNOWN: 'ap-00000000000000000000000000000000',
        OPERATORS_OWN: await signedBy('deploybot', own),
        ...(used === null ? {} : { ALREADY_USED: used, REVIEW_MISSING: await signedWithoutReview(runId) }),
      })
      const { approvalId } = await sign(at, runId, key)
      const waited = await agent.call('wait_for_gate', { run: runId, until: 'approval' })
      expect(waited.value.gate.mayApprove).toContain(ALICE)
      const given = { run: runId, approval: approvalId, seconds: 50 }
      const moved = await agent.call('resume_after_approval', given)
      used = approvalId
      expect(moved.value.run, gate).toMatchObject(
        gate === 'SG1' ? { status: 'paused', gate: 'SG2' } : { status: 'closed', outcome: 'succeeded' },
      )
    }
    const shown = jsonOf<{ decisions: { approvers: { name: string }[] }[]; startedThrough: string }>(
      await at.cutter(['run', 'show', runId, '--json']),
    )
    expect(shown).toMatchObject({ operatorDeclared: 'token', startedThrough: 'mcp' })
    expect(shown.decisions.flatMap(({ approvers }) => approvers.map(({ name }) => name))).toEqual([
      ALICE,
      ALICE,
    ])
  }, 240_000)

  test('an agent with a token that was not made here is refused at each call', async () => {
    const agent = await agentOf({ env: { CUTTER_TOKEN: `ctk_${'x'.repeat(43)}` } })
    const { isError, value } = await agent.call('list_runs')
    expect([isError, value.error.code]).toEqual([true, 'TOKEN_REFUSED'])
  }, 60_000)

  test('an agent elsewhere reaches it by CUTTER_URL', async () => {
    const agent = await agentOf({ env: { CUTTER_URL: service.url, CUTTER_TOKEN: token } })
    expect((await agent.call('list_runs', { limit: 1 })).value.runs[0].machine).toBe('cut')
    const { resources } = await agent.client.listResources()
    const [plan] = resources.filter(({ uri }) => uri.endsWith('/plan'))
    const { contents } = await agent.client.readResource({ uri: plan!.uri })
    expect((contents[0] as { text: string }).text).toContain('CHARTER')
  }, 60_000)

  test('an agent of 2025-11-25 is asked to show the page on stdin and stdout, too', async () => {
    const agent = await agentOf({ env: { CUTTER_TOKEN: token }, answers: 'decline' })
    expect(agent.client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
    const input = { document: 'BYLAWS', source: (await uploadOf(agent)).upload }
    const { value } = await agent.call('start_dry_run', { machine: 'cut', input, seconds: 50 })
    const url = `${service.url}/runs/${value.run.runId}/gate`
    await expect.poll(() => agent.asked.map((one) => one.url)).toEqual([url])
    expect(value.gate).toMatchObject({ page: url, agentMayApprove: false })
    await agent.call('cancel', { run: value.run.runId, reason: 'seen' })
  }, 120_000)
})
