import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { attemptsOn } from '../support/caller-attempts.ts'
import { type Answer, type ApprovalJson, jsonOf, type RunJson } from '../support/cli.ts'
import { APPROVERS, type GuardedService, openGuardedService, PASSWORD } from '../support/guarded-service.ts'
import { whyNotTwoUsers } from '../support/os-users.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** Another user of the computer, with nothing but a token, tells the story of the demo, and gets nothing else. */

const why = whyNotTwoUsers()
if (why !== null) console.log(`skipped: a service of one user, called by another: ${why}`)

let at: GuardedService
/** What the attempts are made on, once it is there. */
const stage = {} as Parameters<typeof attemptsOn>[0]

const CUT = ['run', 'start', 'cut', '--document', 'CHARTER', '--source', 'charter.md', '--json']
const errorOf = (answer: Answer) => jsonOf<{ error: { code: string; reason?: string } }>(answer).error

/** A person gets the statement by a token, signs it elsewhere, and imports the signature. Returns the approval. */
async function approve(runId: string, approver: string): Promise<string> {
  const token = at.approverTokens[approver]!
  const composed = await at.call(
    'POST',
    `/api/v1/runs/${runId}/statement`,
    { as: approver, reason: 'read' },
    token,
  )
  const { machine, gate } = JSON.parse(composed.text)
  const signature = await signText({
    text: composed.text,
    keyFile: at.keys.path(approver),
    namespace: `cutter.${machine}.${gate}`,
  })
  const { status, json } = await at.call(
    'POST',
    '/api/v1/approvals',
    { statement: composed.text, signature },
    token,
  )
  expect([status, json.approver]).toEqual([201, approver])
  return json.approvalId
}

const describeHere = why === null ? describeWithKeys : describe.skip

describeHere('another user with nothing but a token', () => {
  beforeAll(async () => {
    at = await openGuardedService()
    stage.at = at
    await at.call('POST', '/api/v1/execution/enable', { for: '2h', reason: 'a test' }, at.admin)
  }, 240_000)
  afterAll(async () => {
    await at?.close()
  })

  test('cuts in a dry run, and live once two people have signed elsewhere', async () => {
    expect((await at.cutter('document', 'scan', 'charter.md')).stdout).toContain('Article 1')
    const dry = jsonOf(await at.cutter(...CUT, '--key', 'charter'))
    expect([dry.status, dry.gate, dry.startedBy]).toEqual(['paused', 'SG1', 'deploybot'])
    for (const gate of ['SG1', 'SG2']) {
      const rehearsed = await at.cutter('approval', 'rehearse', dry.runId, '--json')
      const { approvalId, gate: rehearsedGate } = jsonOf<ApprovalJson>(rehearsed)
      expect(rehearsedGate).toBe(gate)
      const moved = await at.cutter('run', 'resume', '--approval', approvalId, '--json')
      expect([gate, moved.code, moved.stderr]).toEqual([gate, 0, moved.stderr])
    }
    const again = jsonOf(await at.cutter(...CUT, '--key', 'charter'))
    expect([again.runId, again.outcome]).toEqual([dry.runId, 'succeeded'])

    const { runId } = jsonOf(await at.cutter(...CUT, '--mode', 'live'))
    for (const gate of ['SG1', 'SG2']) {
      const first = await approve(runId, APPROVERS[0])
      const tooFew = await at.cutter('run', 'resume', '--approval', first, '--json')
      expect([gate, errorOf(tooFew).reason]).toEqual([gate, 'NOT_ENOUGH_APPROVERS'])
      const second = await approve(runId, APPROVERS[1])
      const moved = await at.cutter('run', 'resume', '--approval', second, '--json')
      expect([gate, moved.code], moved.stderr).toEqual([gate, 0])
    }
    const closed = jsonOf(await at.cutter('run', 'show', runId, '--json'))
    expect([closed.state, closed.outcome]).toEqual(['CLOSEOUT_REPORTED', 'succeeded'])
    expect((await at.cutter('run', 'history', runId, '--verify')).code).toBe(0)
    expect((await at.cutter('run', 'export', runId, '--out', 'run.tar')).code).toBe(0)
    expect((await at.cutter('verify', 'run.tar', '--integrity-only')).code).toBe(0)
    expect((await at.cutter('document', 'show', 'CHARTER')).stdout).toContain('Article 1')
    writeFileSync(
      join(at.elsewhere, 'charter.md'),
      `${readFileSync(join(at.elsewhere, 'charter.md'), 'utf8')}\n## Article 4\n\nFour.\n`,
    )
    stage.waiting = jsonOf(await at.cutter(...CUT, '--mode', 'live')).runId
  }, 240_000)

  test.each(attemptsOn(stage))('does not %s: %s', async (_, __, attempt, expected) => {
    const [files, before] = [at.files(), await runOf(stage.waiting)]
    const got = await attempt()
    expect(got).toMatch(expected)
    expect(got).not.toContain(PASSWORD)
    expect(at.files()).toEqual(files)
    expect(await runOf(stage.waiting)).toEqual(before)
    expect(existsSync(join(at.elsewhere, 'ran'))).toBe(false)
  })

  /** Where a run is. A refusal is recorded, and moves it nowhere. */
  async function runOf(runId: string): Promise<Partial<RunJson>> {
    const { status, state, gate, planDigest } = (await at.call('GET', `/api/v1/runs/${runId}`)).json
    return { status, state, gate, planDigest }
  }
})
