import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** Runs of a user's own machine, through the API. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = `machines: { rotate-keys: ./rotate-keys.ts }
execution: { allowLive: true }
inputs: [./in]
`

let at: HttpService
let keys: KeyFolder
const tokens: { [name: string]: string } = {}
let live: string
let dry: string

const inHome = (name: string) => join(at.home.folder, name)
const start = (token: string | undefined, body: object, headers = {}) =>
  at.post(
    '/api/v1/runs',
    token,
    { machine: 'rotate-keys', input: { file: inHome('key') }, ...body },
    { headers },
  )

beforeAll(async () => {
  keys = openKeyFolder()
  at = await aService(CONFIG)
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  mkdirSync(inHome('in'))
  for (const name of ['alice', 'deploybot']) keys.key(name)
  const line = (principal: string, key: string) => `${principal} ${keys.publicKey(key)}\n`
  const lines = line('alice@example.org', 'alice') + line('deploybot', 'deploybot')
  writeFileSync(inHome('allowed_signers'), lines, { mode: 0o600 })
  tokens.admin = await at.token({ name: 'ann', role: 'admin' })
  tokens.operator = await at.token({ name: 'deploybot', role: 'operator' })
  tokens.viewer = await at.token({ name: 'vera', role: 'viewer' })
  tokens.ofCuts = await at.token({ name: 'cutter-of-laws', role: 'operator', machines: ['cut'] })
  dry = (await start(tokens.operator, { key: 'once' })).json.runId
  await at.post('/api/v1/execution/enable', tokens.admin, { for: '1h', reason: 'a test' })
  live = (await start(tokens.operator, { mode: 'live' })).json.runId
  tokens.link = await at.token({ name: 'guest', role: 'viewer', run: live })
})
afterAll(async () => {
  await at.remove()
  keys.remove()
})

describe('a start', () => {
  test('answers the run at its gate, started by the name of the token', async () => {
    const { status, headers, json } = await start(tokens.operator, {})
    expect([status, json.status, json.gate, json.startedBy]).toEqual([201, 'paused', 'SG1', 'deploybot'])
    expect(headers.location).toBe(`/api/v1/runs/${json.runId}`)
    const shown = await at.get(`/api/v1/runs/${json.runId}`, tokens.viewer)
    expect(shown.json).toMatchObject({ runId: json.runId, operatorDeclared: 'token' })
  })

  test('with a key that was used answers the same run, and refuses it for other input', async () => {
    for (const headers of [{}, { 'idempotency-key': 'once' }]) {
      const again = await start(tokens.operator, 'idempotency-key' in headers ? {} : { key: 'once' }, headers)
      expect(again.json.runId).toBe(dry)
    }
    const other = await start(tokens.operator, { key: 'once', mode: 'live' })
    expect(other).toMatchObject({ status: 409, json: { code: 'KEY_REUSED', touched: [] } })
  })

  test.each([
    ['viewer', {}, 403, 'ACCESS_REFUSED'],
    ['link', {}, 403, 'ACCESS_REFUSED'],
    ['ofCuts', {}, 403, 'ACCESS_REFUSED'],
    ['operator', { by: 'alice' }, 403, 'OPERATOR_REFUSED'],
    ['operator', { machine: './rotate-keys.ts' }, 422, 'INPUT_REFUSED'],
    ['operator', { machine: EXAMPLE }, 422, 'INPUT_REFUSED'],
    ['operator', { input: {} }, 400, 'USAGE'],
    ['operator', { input: { file: 'in/a.md', profileOf: 'x' } }, 400, 'USAGE', '"profileOf"'],
    ['operator', { modus: 'live' }, 400, 'USAGE', '"modus"'],
    ['operator', { input: { file: 'password=hunter2hunter2' } }, 422, 'INPUT_REFUSED'],
  ])('by %s with %j is refused', async (who, body, status, code, named = '') => {
    const answer = await start(tokens[who], body)
    expect([answer.status, answer.json.code]).toEqual([status, code])
    expect(answer.json.detail).toContain(named)
  })
})

describe('files', () => {
  const cut = (source: string) =>
    at.post('/api/v1/runs', tokens.operator, {
      machine: 'cut',
      input: { document: 'C', source, target: 'nowhere' },
    })

  test.each(['/etc/passwd', 'cutter.yaml', '../x', 'in/../cutter.yaml', 'in/link', 'nothing-there'])(
    'at %s are not read for a caller',
    async (source) => {
      const link = inHome('in/link')
      await Promise.resolve()
        .then(() => symlinkSync(inHome('cutter.yaml'), link))
        .catch(() => {})
      const { status, json } = await cut(source)
      expect([status, json.code]).toEqual([422, 'INPUT_REFUSED'])
      expect(json.detail).toContain('through the service')
    },
  )

  test.each(['constructor', 'toString', '__proto__'])('are not cut into the target %s', async (target) => {
    writeFileSync(inHome('in/b.md'), '# B\n')
    const input = { document: 'C', source: 'in/b.md', target }
    const { json } = await at.post('/api/v1/runs', tokens.operator, { machine: 'cut', input })
    expect(json).toMatchObject({ code: 'TARGET_NOT_FOUND', touched: [] })
  })

  test('below a folder of inputs, and those that were uploaded, are read', async () => {
    writeFileSync(inHome('in/a.md'), '# A\n')
    // What is refused now is the target, which does not exist.
    expect((await cut('in/a.md')).json.code).not.toBe('INPUT_REFUSED')
    const bytes = '# Uploaded\n'
    const headers = { 'content-type': 'application/octet-stream' }
    const kept = await at.post('/api/v1/uploads', tokens.operator, bytes, { headers })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(kept).toMatchObject({ status: 201, json: { upload: `upload:${sha256}`, sha256, bytes: 11 } })
    expect((await cut(kept.json.upload)).json.code).not.toBe('INPUT_REFUSED')
    expect((await cut(`upload:${'0'.repeat(64)}`)).json.detail).toContain('was uploaded here')
    expect((await at.post('/api/v1/uploads', tokens.viewer, bytes, { headers })).status).toBe(403)
  })
})

describe('what is read of runs', () => {
  test('is the answer of --json: list, history, plan, explanation', async () => {
    const list = await at.get('/api/v1/runs?machine=rotate-keys&limit=500', tokens.viewer)
    expect(list.json.map(({ runId }: { runId: string }) => runId)).toEqual(
      expect.arrayContaining([dry, live]),
    )
    const { json: history } = await at.get(`/api/v1/runs/${dry}/history?verify=true`, tokens.viewer)
    expect(history[0]).toMatchObject({ seq: 1, by: 'deploybot', hash: expect.any(String) })
    const { text } = await at.get(`/api/v1/runs/${dry}/plan`, tokens.viewer)
    const { json: shown } = await at.get(`/api/v1/runs/${dry}`, tokens.viewer)
    expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(shown.planDigest)
    const explained = await at.get(`/api/v1/runs/${live}/explain`, tokens.viewer)
    expect(explained.json.waitsFor).toMatchObject({ kind: 'approval', gate: 'SG1' })
    const bundle = await at.get(`/api/v1/runs/${dry}/bundle`, tokens.viewer)
    expect([bundle.status, bundle.headers['content-type']]).toEqual([200, 'application/x-tar'])
  })

  test.each([
    ['mode=live', true],
    ['operator=deploybot', true],
    ['operator=somebody', false],
    ['gate=SG1', true],
    ['gate=SG2', false],
    ['approver=nobody', false],
    ['status=closed', false],
    ['since=2020-01-01T00:00:00Z', true],
    ['until=2020-01-01T00:00:00Z', false],
    ['text=ROTATE', true],
    ['text=nothing-like-it', false],
    ['document=C', false],
  ])('is filtered by %s', async (filter, isThere) => {
    const { status, json } = await at.get(`/api/v1/runs?${filter}&limit=500`, tokens.viewer)
    const ids = json.map(({ runId }: { runId: string }) => runId)
    expect([status, ids.includes(live)]).toEqual([200, isThere])
  })

  test('comes page by page, each run once', async () => {
    const all = (await at.get('/api/v1/runs?limit=500', tokens.viewer)).json
    const ids: string[] = []
    for (let path = '/api/v1/runs?limit=1'; path !== ''; ) {
      const { json, headers } = await at.get(path, tokens.viewer)
      ids.push(...json.map(({ runId }: { runId: string }) => runId))
      path = /^<([^>]+)>; rel="next"$/.exec(String(headers.link ?? ''))?.[1] ?? ''
    }
    expect(ids).toEqual(all.map(({ runId }: { runId: string }) => runId))
    expect(ids.length).toBeGreaterThan(2)
    expect((await at.get('/api/v1/runs?cursor=x', tokens.viewer)).status).toBe(400)
  })

  test('is for a link its run alone, and for a token of machines theirs', async () => {
    expect(
      (await at.get('/api/v1/runs', tokens.link)).json.map(({ runId }: { runId: string }) => runId),
    ).toEqual([live])
    expect((await at.get('/api/v1/runs', tokens.ofCuts)).json).toEqual([])
    expect((await at.get(`/api/v1/runs/${live}`, tokens.link)).status).toBe(200)
    for (const token of [tokens.link, tokens.ofCuts])
      for (const path of ['', '/history', '/plan', '/explain', '/bundle'])
        expect((await at.get(`/api/v1/runs/${dry}${path}`, token)).json.code, path).toBe('RUN_NOT_FOUND')
    for (const path of ['approvals', 'machines', 'execution', 'hold', 'tokens'])
      expect((await at.get(`/api/v1/${path}`, tokens.link)).json.code, path).toBe('ACCESS_REFUSED')
  })
})

describe('a gate', () => {
  const statementOf = async (as: string) =>
    (await at.post(`/api/v1/runs/${live}/statement`, tokens.viewer, { as, reason: 'read' })).text
  const signed = async (as: string, key: string) => {
    const statement = await statementOf(as)
    const signature = await signText({
      text: statement,
      keyFile: keys.path(key),
      namespace: 'cutter.rotate-keys.SG1',
    })
    return { statement, signature }
  }
  const resume = (token: string | undefined, approval: string) =>
    at.post(`/api/v1/runs/${live}/resume`, token, { approval })

  test('takes no approval of the operator: the name of the token counts for four eyes', async () => {
    const own = await at.post('/api/v1/approvals', tokens.operator, await signed('deploybot', 'deploybot'))
    expect(own).toMatchObject({ status: 201, json: { warning: { reason: expect.any(String) } } })
    const refused = await resume(tokens.admin, own.json.approvalId)
    expect(refused).toMatchObject({ status: 403, json: { code: 'APPROVAL_REFUSED' } })
    expect(refused.json.touched).toEqual([
      { runId: live, seq: expect.any(Number), event: 'cutter.approval-refused' },
    ])
  })

  test('takes no rehearsal in live, no approval that was changed, and none by a link', async () => {
    const rehearsed = await at.post(`/api/v1/runs/${live}/rehearsals`, tokens.admin, {})
    expect(rehearsed.json.code).toBe('APPROVAL_REFUSED')
    const { statement, signature } = await signed('alice@example.org', 'alice')
    const changed = { statement: statement.replace('"read"', '"well read"'), signature }
    expect((await at.post('/api/v1/approvals', tokens.viewer, changed)).json.code).toBe('APPROVAL_REFUSED')
    expect((await at.post('/api/v1/approvals', tokens.link, { statement, signature })).status).toBe(403)
  })

  test('is passed by a signed approval that a viewer brings and an operator resumes with', async () => {
    const kept = await at.post('/api/v1/approvals', tokens.viewer, await signed('alice@example.org', 'alice'))
    expect(kept).toMatchObject({ status: 201, json: { approver: 'alice@example.org', warning: null } })
    expect((await resume(tokens.viewer, kept.json.approvalId)).json.code).toBe('ACCESS_REFUSED')
    const closed = await resume(tokens.operator, kept.json.approvalId)
    expect(closed).toMatchObject({ status: 200, json: { status: 'closed', outcome: 'succeeded' } })
    const { json: history } = await at.get(`/api/v1/runs/${live}/history`, tokens.viewer)
    const approved = history.find(({ event }: { event: { type: string } }) => event.type === 'APPROVE')
    expect([approved.by, approved.event.operatorDeclared]).toEqual(['deploybot', 'token'])
    const listed = await at.get(`/api/v1/approvals?run=${live}`, tokens.viewer)
    expect(listed.json.at(-1)).toMatchObject({
      approvalId: kept.json.approvalId,
      usedSeq: expect.any(Number),
    })
  })
})

describe('a reason of more than 1,000 characters', () => {
  test.each([
    'runs/{run}/statement',
    'runs/{run}/rehearsals',
    'runs/{run}/cancel',
    'hold/on',
    'hold/off',
    'execution/enable',
    'execution/disable',
  ])('is refused by %s', async (path) => {
    const body = { reason: 'x'.repeat(1_001) }
    const given = { ...body, ...(path.endsWith('statement') ? { as: 'alice@example.org' } : {}) }
    const switched = path.endsWith('enable') ? { ...given, for: '1h' } : given
    const { status, json } = await at.post(`/api/v1/${path.replace('{run}', dry)}`, tokens.admin, switched)
    expect([status, json.code]).toEqual([400, 'USAGE'])
    expect(json.detail).toContain('has 1001 characters')
  })
})

describe('the switches', () => {
  test('are set by an admin; everybody but a link may stop', async () => {
    const refused = [
      ['execution/enable', { for: '1h', reason: 'r' }],
      ['hold/off', {}],
      [`hold/release/${dry}`, {}],
    ] as const
    for (const [path, body] of refused)
      expect((await at.post(`/api/v1/${path}`, tokens.operator, body)).json.code, path).toBe('ACCESS_REFUSED')
    // The first link has ended with its gate.
    const link = await at.token({ name: 'another guest', role: 'viewer', run: live })
    expect((await at.post('/api/v1/hold/on', link, { reason: 'r' })).json.code).toBe('ACCESS_REFUSED')
    const on = await at.post('/api/v1/hold/on', tokens.viewer, { reason: 'incident' })
    expect(on.json).toMatchObject({ on: true, by: 'vera' })
    expect(await start(tokens.operator, {})).toMatchObject({ status: 409, json: { code: 'ON_HOLD' } })
    const released = await at.post(`/api/v1/hold/release/${dry}`, tokens.admin, {})
    expect(released.json.released).toEqual([dry])
    expect((await at.post('/api/v1/hold/off', tokens.admin, {})).json.on).toBe(false)
    const off = await at.post('/api/v1/execution/disable', tokens.viewer, { reason: 'incident' })
    expect(off.json).toMatchObject({ enabled: false, by: 'vera' })
  })
})

test('a cancelled run is closed by the name of the token', async () => {
  expect((await at.post(`/api/v1/runs/${dry}/cancel`, tokens.viewer, { reason: 'r' })).status).toBe(403)
  const { json } = await at.post(`/api/v1/runs/${dry}/cancel`, tokens.operator, { reason: 'not needed' })
  expect(json).toMatchObject({ status: 'closed', outcome: 'cancelled' })
})

test('a live run is abandoned only under a statement, and a dry run under a rehearsal', async () => {
  const path = (id: string) => `/api/v1/runs/${id}/abandon`
  const { json: left } = await start(tokens.operator, { key: 'abandoned' })
  expect((await at.post(path(left.runId), tokens.viewer, { reason: 'r' })).status).toBe(403)
  const { json } = await at.post(path(left.runId), tokens.operator, { reason: 'not needed' })
  expect(json).toMatchObject({ status: 'closed', outcome: 'abandoned' })
  expect((await at.get(`/api/v1/runs/${left.runId}`, tokens.viewer)).json.unsettledWrites).toEqual([])
})
