import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { startWorker } from '../../src/service/worker.ts'
import { expiringMachine } from '../support/expiring-machine.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** What the service does although nobody asks. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = `machines: { rotate-keys: ./rotate-keys.ts }
execution: { allowLive: true }
approvals: { resume: automatic }
`

let at: HttpService
let keys: KeyFolder | null = null
afterEach(async () => {
  await at.remove()
  keys?.remove()
  keys = null
})

const inHome = (name: string) => join(at.home.folder, name)

async function aHome(config: string): Promise<{ operator: string; admin: string }> {
  keys ??= openKeyFolder()
  at = await aService(config)
  copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
  writeFileSync(inHome('key'), 'the first key\n')
  for (const name of ['alice', 'bob']) keys.key(name)
  list('alice', 'bob')
  const admin = await at.token({ name: 'ann', role: 'admin' })
  await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
  return { admin, operator: await at.token({ name: 'deploybot', role: 'operator' }) }
}

const list = (...names: string[]) =>
  writeFileSync(
    inHome('allowed_signers'),
    names.map((name) => `${name}@example.org namespaces="cutter.*" ${keys!.publicKey(name)}\n`).join(''),
    { mode: 0o600 },
  )

async function start(token: string, body: object = {}): Promise<string> {
  const given = { machine: 'rotate-keys', input: { file: inHome('key') }, mode: 'live', ...body }
  const { json } = await at.post('/api/v1/runs', token, given)
  expect(json).toMatchObject({ status: 'paused', gate: 'SG1' })
  return json.runId
}

/** Signs as somebody would elsewhere, and brings it. */
async function approve(token: string, runId: string, name: string, decision = 'approve') {
  const body = { as: `${name}@example.org`, decision, reason: 'read it' }
  const { text } = await at.post(`/api/v1/runs/${runId}/statement`, token, body)
  const namespace = 'cutter.rotate-keys.SG1'
  const signature = await signText({
    text,
    keyFile: keys!.path(name),
    namespace,
    tools: (await at.home.app()).deps.trust.tools,
  })
  return at.post('/api/v1/approvals', token, { statement: text, signature })
}

const shown = async (token: string, runId: string) => (await at.get(`/api/v1/runs/${runId}`, token)).json

describe('with approvals.resume: automatic', () => {
  test('a run continues when its approval was imported, by the service as operator', async () => {
    const { operator } = await aHome(CONFIG)
    const runId = await start(operator)
    expect((await approve(operator, runId, 'alice')).status).toBe(201)
    await expect.poll(() => shown(operator, runId)).toMatchObject({ outcome: 'succeeded' })
    const { json: history } = await at.get(`/api/v1/runs/${runId}/history`, operator)
    const entry = history.find(({ event }: { event: { type: string } }) => event.type === 'APPROVE')
    expect([entry.by, entry.event.operatorDeclared]).toEqual(['cutter-service', 'token'])
  })

  test.each([
    ['dry-run', 'once: its import, its warning and the gate know the answer', 1],
    ['live', 'twice: by its import, which also tells the warning, and by its gate', 2],
  ])(
    'in %s an approval that arrives is asked about %s',
    async (mode, _, expected) => {
      keys = openKeyFolder()
      const log = keys.file('calls', '')
      const program = keys.file('counting', `#!/bin/sh\necho "$2" >> '${log}'\nexec ssh-keygen "$@"\n`, 0o755)
      const calls = () => readFileSync(log, 'utf8').split('\n').slice(0, -1)
      const { operator } = await aHome(`tools: { sshKeygen: ${program} }\n${CONFIG}`)
      // An approval of an earlier second is asked about again, so that one of several is enough.
      const asked: string[][] = []
      for (let turn = 0; turn < 10 && !asked.some(({ length }) => length === expected); turn++) {
        writeFileSync(inHome('key'), 'the first key\n')
        const runId = await start(operator, { mode })
        writeFileSync(log, '')
        expect((await approve(operator, runId, 'alice')).status).toBe(201)
        // Showing a run asks too; listing runs does not.
        const listed = async () => (await at.get('/api/v1/runs', operator)).json
        await expect
          .poll(listed, { timeout: 30_000 })
          .toContainEqual(expect.objectContaining({ runId, outcome: 'succeeded' }))
        asked.push(calls().filter((question) => question !== 'sign'))
      }
      expect(asked).toContainEqual(Array(expected).fill('verify'))
    },
    120_000,
  )

  test('a rejection closes the run', async () => {
    const { operator } = await aHome(CONFIG)
    const runId = await start(operator)
    await approve(operator, runId, 'alice', 'reject')
    await expect.poll(() => shown(operator, runId)).toMatchObject({ outcome: 'rejected' })
  })

  test('a run waits until enough people approved, and records no refusal meanwhile', async () => {
    const { operator } = await aHome(
      `${CONFIG}`.replace('automatic', 'automatic, policy: { rotate-keys.SG1: { need: 2 } }'),
    )
    const runId = await start(operator)
    const { seq } = (await at.home.store.run(runId))!
    await approve(operator, runId, 'alice')
    await new Promise((done) => setTimeout(done, 500))
    expect(await at.home.store.run(runId)).toMatchObject({ status: 'paused', seq })
    await approve(operator, runId, 'bob')
    await expect.poll(() => shown(operator, runId)).toMatchObject({ outcome: 'succeeded' })
  })

  test('an approval that drift refused is tried once', async () => {
    const { operator } = await aHome(CONFIG)
    const runId = await start(operator)
    writeFileSync(inHome('key'), 'another key than the one that was planned\n')
    await approve(operator, runId, 'alice')
    const refusals = async () => {
      const { json } = await at.get(`/api/v1/runs/${runId}/history`, operator)
      return json.filter(({ event }: { event: { reason?: string } }) => event.reason === 'DRIFT').length
    }
    await expect.poll(refusals).toBe(1)
    await new Promise((done) => setTimeout(done, 6_500))
    expect(await refusals()).toBe(1)
  }, 30_000)

  test('a run waits under a hold, although its approval is there, and continues once that is off', async () => {
    const { operator, admin } = await aHome(CONFIG)
    const runId = await start(operator)
    await at.post('/api/v1/hold/on', operator, { reason: 'incident' })
    await approve(operator, runId, 'alice')
    await new Promise((done) => setTimeout(done, 1_500))
    expect(await shown(operator, runId)).not.toMatchObject({ status: 'closed' })
    expect(readFileSync(inHome('key'), 'utf8')).toBe('the first key\n')
    await at.post('/api/v1/hold/off', admin, { reason: 'over' })
    await expect
      .poll(() => shown(operator, runId), { timeout: 20_000 })
      .toMatchObject({ outcome: 'succeeded' })
  }, 40_000)

  test('a run continues once live writes are allowed again', async () => {
    const { operator, admin } = await aHome(CONFIG)
    const runId = await start(operator)
    await at.post('/api/v1/execution/disable', admin, { reason: 'a test' })
    await approve(operator, runId, 'alice')
    await new Promise((done) => setTimeout(done, 1_500))
    expect(await shown(operator, runId)).toMatchObject({ status: 'paused' })
    await at.post('/api/v1/execution/enable', admin, { for: '1h', reason: 'a test' })
    await expect
      .poll(() => shown(operator, runId), { timeout: 20_000 })
      .toMatchObject({ outcome: 'succeeded' })
  }, 40_000)
})

test('by default a run waits for its resume, although its approval is there', async () => {
  const { operator } = await aHome(CONFIG.replace('automatic', 'by-command'))
  const runId = await start(operator)
  await approve(operator, runId, 'alice')
  await new Promise((done) => setTimeout(done, 1_500))
  expect(await shown(operator, runId)).toMatchObject({ status: 'paused' })
})

test('reports are written while the service serves', async () => {
  const { operator } = await aHome(CONFIG)
  const runId = await start(operator)
  const folder = inHome(`var/runs/${runId}`)
  const count = () =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.md')).length : 0
  await expect.poll(count).toBeGreaterThan(0)
})

describe('rules that change while the service serves', () => {
  const edit = (text: string) => writeFileSync(inHome('cutter.yaml'), text, { mode: 0o600 })
  const manual = CONFIG.replace('automatic', 'by-command')
  const withPolicy = (policy: string) => manual.replace('by-command', `by-command, policy: ${policy}`)

  test('count at the next approval: policy, approvers and revoked keys', async () => {
    const { operator } = await aHome(manual)
    const runId = await start(operator)
    const { approvalId } = (await approve(operator, runId, 'alice')).json
    const resume = async () =>
      (await at.post(`/api/v1/runs/${runId}/resume`, operator, { approval: approvalId })).json.reason
    edit(withPolicy('{ rotate-keys.SG1: { need: 2 } }'))
    expect(await resume()).toBe('NOT_ENOUGH_APPROVERS')
    edit(withPolicy("{ rotate-keys.SG1: { of: ['bob@example.org'] } }"))
    expect(await resume()).toBe('SIGNER_NOT_ALLOWED')
    edit(manual)
    list('bob')
    expect(await resume()).toMatch(/SIGNER/)
    list('alice', 'bob')
    writeFileSync(inHome('revoked'), `${keys!.publicKey('alice')}\n`, { mode: 0o600 })
    edit(manual.replace('by-command', 'by-command, revokedKeys: ./revoked'))
    expect(await resume()).toMatch(/REVOKED/)
    edit(manual)
    expect(
      (await at.post(`/api/v1/runs/${runId}/resume`, operator, { approval: approvalId })).json.outcome,
    ).toBe('succeeded')
  }, 30_000)

  test('that can’t be used are reported once a second, however much is saved', async () => {
    await aHome(manual)
    edit('not: [a config')
    let warnings = 0
    const warn = () => {
      warnings += 1
    }
    const worker = await startWorker(at.home, { info() {}, warn, error() {} })
    for (let n = 0; n < 30; n++) {
      await at.home.store.recordHold({
        kind: 'on',
        runId: null,
        reason: 'a test',
        by: 'ann',
        at: new Date().toISOString(),
      })
      await new Promise((done) => setTimeout(done, 40))
    }
    await worker.close()
    expect(warnings).toBeGreaterThan(0)
    expect(warnings).toBeLessThan(6)
  })

  test('that can’t be used let nothing pass, and stops still work', async () => {
    const { operator, admin } = await aHome(manual)
    const runId = await start(operator)
    const { approvalId } = (await approve(operator, runId, 'alice')).json
    for (const text of ['not: [a config', withPolicy('{ rotate-keys.SG9: { need: 1 } }')]) {
      edit(text)
      const { json } = await at.post(`/api/v1/runs/${runId}/resume`, operator, { approval: approvalId })
      expect(json.code).toBe('CONFIG_INVALID')
    }
    expect((await at.post('/api/v1/hold/on', operator, { reason: 'incident' })).status).toBe(200)
    expect((await at.post('/api/v1/execution/disable', operator, { reason: 'incident' })).status).toBe(200)
    expect((await at.post('/api/v1/tokens/deploybot/revoke', admin, {})).status).toBe(200)
    expect((await at.get('/api/v1/runs', operator)).status).toBe(401)
  })
})

/** A gate whose time is over after a second. */
const EXPIRING = expiringMachine(1000)

test('a gate whose time is over is closed without a request', async () => {
  at = await aService('machines: { expiring: ./expiring.ts }\n')
  writeFileSync(inHome('expiring.ts'), EXPIRING)
  const operator = await at.token({ name: 'deploybot', role: 'operator' })
  const { json } = await at.post('/api/v1/runs', operator, { machine: 'expiring' })
  expect(json).toMatchObject({ status: 'paused' })
  await expect
    .poll(() => shown(operator, json.runId), { timeout: 20_000 })
    .toMatchObject({ outcome: 'voided' })
})
