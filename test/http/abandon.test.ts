import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { adderModule } from '../cli/adder-module.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { describeWithKeys, type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** The last way out of a live run, through the API alone: its write threw, and its target no longer answers. */

const ALICE = 'alice@example.org'
const world = globalThis as unknown as { waysOut: { units: number; write: string; probe: string } }

describeWithKeys('POST runs/{run}/abandon of a live run', () => {
  let at: HttpService
  let keys: KeyFolder
  let runId = ''
  const tokens: { [name: string]: string } = {}
  const post = (path: string, token: string | undefined, body: object) =>
    at.post(`/api/v1/${path}`, token, body)

  /** The id of a statement that was composed by the service, signed elsewhere, and brought. */
  async function broughtStatement(decision: 'approve' | 'abandon', gate: string): Promise<string> {
    const words = { as: ALICE, decision, reason: 'the server is gone' }
    const { text: statement } = await post(`runs/${runId}/statement`, tokens.viewer, words)
    expect(JSON.parse(statement)).toMatchObject({ decision, gate, runId })
    const how = { text: statement, keyFile: keys.path('alice'), namespace: `cutter.adder.${gate}` }
    const signature = await signText(how)
    return (await post('approvals', tokens.viewer, { statement, signature })).json.approvalId
  }

  beforeAll(async () => {
    keys = openKeyFolder()
    keys.key('alice')
    at = await aService('machines: { adder: ./mine/adder.ts }\nexecution: { allowLive: true }\n')
    const { folder } = at.home
    mkdirSync(join(folder, 'mine'))
    writeFileSync(join(folder, 'mine/adder.ts'), adderModule())
    writeFileSync(join(folder, 'allowed_signers'), `${ALICE} ${keys.publicKey('alice')}\n`, { mode: 0o600 })
    tokens.admin = await at.token({ name: 'ann', role: 'admin' })
    tokens.operator = await at.token({ name: 'bot', role: 'operator' })
    tokens.viewer = await at.token({ name: 'vera', role: 'viewer' })
    tokens.ofCuts = await at.token({ name: 'cutter-of-laws', role: 'operator', machines: ['cut'] })
    await post('execution/enable', tokens.admin, { for: '1h', reason: 'a test' })
    world.waysOut = { units: 0, write: 'throws', probe: 'answers' }
    const given = { machine: 'adder', input: { name: 'a' }, mode: 'live' }
    runId = (await post('runs', tokens.operator, given)).json.runId
    const approval = await broughtStatement('approve', 'SG1')
    const { json } = await post(`runs/${runId}/resume`, tokens.operator, { approval })
    expect(json).toMatchObject({ status: 'stopped', stopCode: 'STOP_OUTCOME_UNKNOWN' })
    expect(world.waysOut.units).toBe(1)
  })
  afterAll(async () => {
    await at.remove()
    keys.remove()
  })

  test('is refused without a statement, by an approval, by a reader and by a token of other machines', async () => {
    const bare = await post(`runs/${runId}/abandon`, tokens.operator, { reason: 'gone' })
    expect(bare.json).toMatchObject({
      code: 'APPROVAL_REQUIRED',
      unsettledWrites: [{ phase: 'add', attempt: 1 }],
    })
    const approval = await broughtStatement('abandon', 'abandon')
    const used = (await at.get(`/api/v1/approvals?run=${runId}`, tokens.viewer)).json[0].approvalId
    const tries = [
      [tokens.operator, used, 'APPROVAL_REFUSED'],
      [tokens.viewer, approval, 'ACCESS_REFUSED'],
      [tokens.ofCuts, approval, 'RUN_NOT_FOUND'],
    ] as const
    for (const [token, id, code] of tries)
      expect((await post(`runs/${runId}/abandon`, token, { approval: id })).json.code).toBe(code)
    expect((await at.get(`/api/v1/runs/${runId}`, tokens.viewer)).json.status).toBe('stopped')
  })

  test('closes the run under a signed statement, and lists the write that nobody knows the end of', async () => {
    const approval = await broughtStatement('abandon', 'abandon')
    const closed = await post(`runs/${runId}/abandon`, tokens.operator, { approval })
    expect(closed).toMatchObject({ status: 200, json: { status: 'closed', outcome: 'abandoned' } })
    const shown = await at.get(`/api/v1/runs/${runId}`, tokens.viewer)
    expect(shown.json.unsettledWrites).toMatchObject([{ phase: 'add', attempt: 1 }])
    const { json: history } = await at.get(`/api/v1/runs/${runId}/history?verify=true`, tokens.viewer)
    expect(history.at(-1)).toMatchObject({
      by: 'bot',
      event: { type: 'cutter.run-abandoned', approver: ALICE, unsettledWrites: [{ phase: 'add' }] },
    })
    const report = readFileSync(join(at.home.folder, 'var/runs', runId, 'closeout.md'), 'utf8')
    expect(report).toContain('Whether `add` was done is not known')
    expect(report).not.toContain('no write was done')
  })
})
