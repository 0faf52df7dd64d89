import { copyFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Agent, agentAt } from '../support/agents.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** What an agent gets at a gate: waits that end, the page for its person, and no way past. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')

let at: HttpService
let token: string
let other: string
const agents: Agent[] = []

const agentOf = async (
  ...given: Parameters<typeof agentAt> extends [unknown, ...infer Rest] ? Rest : never
) => {
  const agent = await agentAt(at.url, ...given)
  agents.push(agent)
  return agent
}
const start = (agent: Agent) =>
  agent.call('start_dry_run', { machine: 'rotate-keys', input: { file: join(at.home.folder, 'key') } })
const runsOf = async () => (await at.get('/api/v1/runs?limit=500', token)).json.length as number

beforeAll(async () => {
  at = await aService('machines: { rotate-keys: ./rotate-keys.ts }\n')
  copyFileSync(EXAMPLE, join(at.home.folder, 'rotate-keys.ts'))
  writeFileSync(join(at.home.folder, 'key'), 'the first key\n')
  token = await at.token({ name: 'deploybot', role: 'operator' })
  other = await at.token({ name: 'another', role: 'operator' })
})
afterAll(async () => {
  for (const agent of agents) await agent.close()
  await at.remove()
})

describe('the page of a gate', () => {
  test.each(
    (['accept', 'decline', 'cancel'] as const).flatMap((answers) =>
      (['2026-07-28', '2025-11-25'] as const).map((protocol) => ({ answers, protocol })),
    ),
  )(
    'is shown to the person of an agent of $protocol that can, once for an arrival, and $answers changes nothing',
    async ({ answers, protocol }) => {
      const agent = await agentOf(token, { isModern: protocol === '2026-07-28', answers })
      expect(agent.client.getNegotiatedProtocolVersion()).toBe(protocol)
      const before = await runsOf()
      const { value } = await start(agent)
      const url = `${at.url}/runs/${value.run.runId}/gate`
      await expect.poll(() => agent.asked).toEqual([expect.objectContaining({ mode: 'url', url })])
      expect(value).toMatchObject({ run: { status: 'paused' }, gate: { page: url, agentMayApprove: false } })
      expect(await runsOf()).toBe(before + 1)
      await agent.call('wait_for_gate', { run: value.run.runId })
      expect(agent.asked.length).toBe(1)
    },
  )

  test.each(['2026-07-28', '2025-11-25'])(
    'is in the result alone for an agent of %s that can’t show pages',
    async (protocol) => {
      const agent = await agentOf(token, { isModern: protocol === '2026-07-28' })
      const { value, text } = await start(agent)
      expect(agent.asked).toEqual([])
      expect(text).toContain(`A person opens: ${at.url}/runs/${value.run.runId}/gate`)
    },
  )

  test('opens no door and shows no page to another caller: a session that somebody made up', async () => {
    const agent = await agentOf(token, { answers: 'accept' })
    const headers = {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      'mcp-session-id': 'opens-pages.made-up',
    }
    const { value } = await start(agent)
    await expect.poll(() => agent.asked.length).toBe(1)
    const wait = { name: 'wait_for_gate', arguments: { run: value.run.runId, seconds: 0 } }
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: wait }
    expect((await at.post('/mcp', undefined, message, { headers })).status).toBe(401)
    const { text } = await at.post('/mcp', other, message, { headers })
    expect(text).toContain('"method":"elicitation/create"')
    expect(text).toContain('"structuredContent"')
    expect(agent.asked.length).toBe(1)
  })

  test('is sealed between two rounds: another caller, or another text, is refused', async () => {
    const agent = await agentOf(token, { isModern: true })
    const raw = (who: string, params: object) =>
      at.post('/mcp', who, undefined, {
        method: 'POST',
        body: {
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: {
            ...params,
            _meta: {
              'io.modelcontextprotocol/protocolVersion': '2026-07-28',
              'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
              'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
            },
          },
        },
        headers: {
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'wait_for_gate',
        },
      })
    const { value } = await start(agent)
    const wait = { name: 'wait_for_gate', arguments: { run: value.run.runId, seconds: 0 } }
    const first = await raw(token, wait)
    const { requestState } = first.json.result
    expect([first.json.result.resultType, typeof requestState]).toEqual(['input_required', 'string'])
    const again = (who: string, state: string) =>
      raw(who, { ...wait, requestState: state, inputResponses: { page: { action: 'accept' } } })
    expect((await again(token, requestState)).json.result.structuredContent.run.runId).toBe(value.run.runId)
    const edited = `${requestState.slice(0, -2)}${requestState.endsWith('A') ? 'B' : 'A'}A`
    for (const [who, state] of [
      [other, requestState],
      [token, edited],
      [token, 'v1.e30.e30'],
    ] as const)
      expect((await again(who, state)).json.error?.code).toBe(-32602)
  })
})

describe('waiting', () => {
  test('ends at its time with a handle, and says when to ask again', async () => {
    const agent = await agentOf(token)
    const { runId } = (await start(agent)).value.run
    const begun = Date.now()
    const { value } = await agent.call('wait_for_gate', { run: runId, until: 'closed', seconds: 1 })
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000)
    expect(value).toMatchObject({
      arrived: false,
      askAgain: { tool: 'wait_for_gate', arguments: { run: runId, until: 'approval' }, afterSeconds: 120 },
    })
    const { tools } = await agent.client.listTools()
    const { inputSchema } = tools.find(({ name }) => name === 'wait_for_gate')!
    expect((inputSchema.properties as { seconds: object }).seconds).toMatchObject({
      maximum: 50,
      default: 50,
    })
  })

  test('is not for a run that stopped: people fix its cause first', async () => {
    const agent = await agentOf(token)
    const input = { file: join(at.home.folder, 'nothing-there') }
    const { value } = await agent.call('start_dry_run', { machine: 'rotate-keys', input })
    expect(value).toMatchObject({ run: { status: 'stopped' }, gate: null, askAgain: null })
    for (const until of ['gate', 'approval', 'closed']) {
      const waited = await agent.call('wait_for_gate', { run: value.run.runId, until, seconds: 1 })
      expect([until, waited.value.run.status, waited.value.askAgain]).toEqual([until, 'stopped', null])
    }
  })

  test('for an approval ends as soon as one would count, and names it', async () => {
    const agent = await agentOf(token)
    const { runId } = (await start(agent)).value.run
    const waiting = agent.call('wait_for_gate', { run: runId, until: 'approval', seconds: 50 })
    const made = await at.post(`/api/v1/runs/${runId}/rehearsals`, other, { as: 'alice' })
    const { value } = await waiting
    expect(value).toMatchObject({
      arrived: true,
      gate: { approvals: [{ approvalId: made.json.approvalId, decision: 'approve', wouldCount: true }] },
    })
    const given = { run: runId, approval: made.json.approvalId }
    const moved = await agent.call('resume_after_approval', given)
    expect(moved.value).toMatchObject({
      run: { status: 'closed', outcome: 'succeeded' },
      gate: null,
      askAgain: null,
    })
    expect((await agent.call('resume_after_approval', given)).value.run).toEqual(moved.value.run)
  })
})

describe('the door', () => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
  const headers = { accept: 'application/json, text/event-stream' }

  test.each([
    ['no token', () => at.post('/mcp', undefined, message, { headers }), 401, 'TOKEN_REFUSED'],
    ['a wrong token', () => at.post('/mcp', 'ctk_wrong', message, { headers }), 401, 'TOKEN_REFUSED'],
    [
      'a page of another site',
      () => at.post('/mcp', token, message, { headers: { ...headers, origin: 'https://elsewhere.example' } }),
      403,
      'USAGE',
    ],
    [
      'another name of the host',
      () => at.post('/mcp', token, message, { headers: { ...headers, host: 'elsewhere.example' } }),
      421,
      'USAGE',
    ],
    [
      'the session of a browser alone',
      () => at.post('/mcp', undefined, message, { headers: { ...headers, cookie: 'cutter_session=x' } }),
      401,
      'TOKEN_REFUSED',
    ],
    [
      'too many bytes',
      () => at.post('/mcp', token, `"${'x'.repeat(4 * 1024 * 1024)}"`, { headers }),
      413,
      'USAGE',
    ],
    [
      'several messages in one request',
      () => at.post('/mcp', token, [message, { ...message, id: 2 }], { headers }),
      400,
      'USAGE',
    ],
    [
      'a deep body',
      () => at.post('/mcp', token, `${'['.repeat(100)}${']'.repeat(100)}`, { headers }),
      400,
      'USAGE',
    ],
  ])('is closed for %s', async (_, ask, status, code) => {
    const answer = await ask()
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  test('is closed from the moment at which a token is revoked', async () => {
    const gone = await at.token({ name: 'gone', role: 'operator' })
    const agent = await agentOf(gone)
    expect((await agent.call('list_runs', { limit: 1 })).isError).toBe(false)
    const admin = await at.token({ name: 'ann', role: 'admin' })
    const { json: tokens } = await at.get('/api/v1/tokens', admin)
    const { tokenId } = tokens.find(({ name }: { name: string }) => name === 'gone')
    expect((await at.post(`/api/v1/tokens/${tokenId}/revoke`, admin, {})).status).toBe(200)
    await expect(agent.call('list_runs', { limit: 1 })).rejects.toThrow()
  })

  test('logs who asked, and no token', async () => {
    expect(at.logged.some((line) => line.includes('"/mcp"') && line.includes('deploybot'))).toBe(true)
    expect(at.logged.join('\n')).not.toContain(token)
  })
})
