import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { jsonEvidence } from '../../src/domain/evidence.ts'
import { canonicalJson, type Json } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { buildReports } from '../../src/reports/build-reports.ts'
import { listPhases } from '../../src/reports/history-summary.ts'
import type { GateRules, Report } from '../../src/reports/report.ts'
import type { StoredRun } from '../../src/store/run-store.ts'
import { approved, aWorldWithEvidence, PLAN } from '../engine/edited-store.ts'
import { approvalFor, type Script, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure, success } from '../machines/explore-chart.ts'
import { removeFolders } from '../store/store-folders.ts'

/** What people read of a run: made from its history and evidence alone. */

let world: World
afterEach(() => world.store.close())
afterAll(removeFolders)

const rules = (): GateRules => ({ validHours: 24 })
const recordOf = async ({ runId }: Run) => (await world.store.storedRun(runId))!
const made = (record: StoredRun, more: { rules?: () => GateRules } = {}) =>
  buildReports({ record, rules, allowedSigners: './allowed_signers', ...more })
const reported = async (run: Run) => made(await recordOf(run))
const namesOf = (reports: Report[]) => reports.map(({ name }) => name)
const named = (reports: Report[], name: string) => reports.find((report) => report.name === name)!

async function begun(script?: Script): Promise<Run> {
  world = aWorldWithEvidence(script)
  return start(world)
}

const TO_SG1 = ['01-source_pin', '02-mark', '03-cutplan', '04-pre_write_backup', '05-grant_probe']

describe('the reports of a run', () => {
  test('have one report for each phase and gate, in the order of the history, with fixed numbers', async () => {
    const paused = await begun()
    const first = [...TO_SG1, '06-approval-request-SG1']
    expect(namesOf(await reported(paused))).toEqual(first)
    const closed = await approved(world, await approved(world, paused))
    expect(namesOf(await reported(closed))).toEqual([
      ...first,
      ...['07-recheck_cut', '08-cut_leg_a', '09-structural_verify', '10-leg_b_record', '11-write_verify'],
      ...['12-approval-request-SG2', '13-recheck_lifecycle', '14-lifecycle_enact', '15-closeout', 'closeout'],
    ])
  })

  test('do not depend on when they are made', async () => {
    const paused = await begun()
    const record = await recordOf(await approved(world, paused))
    expect(canonicalJson(made(record))).toBe(canonicalJson(made(structuredClone(record))))
  })

  test('show the entry, the times and the evidence of each phase', async () => {
    const run = await begun()
    const history = await world.store.history(run.runId)
    const { facts, markdown } = named(await reported(run), '03-cutplan')
    const [before, entry] = [history[2]!, history[3]!]
    expect(facts).toMatchObject({
      type: 'cutter.report.phase/v1',
      ...{ runId: run.runId, machine: 'cut', mode: 'dry-run', phase: 'cutplan' },
      ...{ outcome: 'done', state: 'CUTPLAN_OK', kind: 'read' },
      tries: [
        {
          ...{ seq: 4, hash: entry.hash, previousHash: before.hash, beganAt: before.at, endedAt: entry.at },
          ...{ ran: 'execute', attempt: 1, from: 'MARKED', output: entry.event.output },
          evidence: [{ name: 'plan/SG1', digest: run.planDigest, mediaType: 'application/json' }],
        },
      ],
    })
    for (const fact of [entry.hash, before.at, entry.at, run.planDigest!, 'CUTPLAN_OK'])
      expect(markdown).toContain(fact)
  })

  test('keep a failed try in addition to the one that succeeded', async () => {
    let left = 1
    const stopped = await begun((name) => (name === 'mark' && left-- > 0 ? failure('mark') : succeeds(name)))
    const then = await reported(stopped)
    expect(namesOf(then)).toEqual(['01-source_pin', '02-mark', 'closeout'])
    expect(named(then, '02-mark').facts).toMatchObject({ outcome: 'failed', state: 'SOURCE_PINNED' })

    const run = await world.engine.resume(stopped.runId, {})
    const { facts, markdown } = named(await reported(run), '02-mark')
    expect(facts).toMatchObject({
      outcome: 'done',
      tries: [
        { outcome: 'failed', seq: 3 },
        { outcome: 'done', seq: 5 },
      ],
    })
    expect(markdown).toContain('mark found no server')
    expect(markdown.indexOf('**Done** at entry 5')).toBeLessThan(markdown.indexOf('**Failed** at entry 3'))
    expect(namesOf(await reported(run))).not.toContain('closeout')
  })

  test('have safe file names for any name of a phase', async () => {
    const record = await recordOf(await begun())
    const event = { type: 'xstate.done.actor.../../etc/pass wd\u202e', actorId: 'x', output: null }
    const history = record.history.map((entry) => (entry.seq === 3 ? { ...entry, event } : entry))
    expect(namesOf(made({ ...record, history }))[1]).toBe('02-%2E%2E%2F%2E%2E%2Fetc%2Fpass%20wd%E2%80%AE')
  })

  test('count no phase for a refused attempt', async () => {
    const run = await begun()
    await expect(world.engine.resume(run.runId, { approvalId: 'ap-unknown' })).rejects.toThrow('no approval')
    const on = await approved(world, run)
    const [recheck] = listPhases(await recordOf(on)).find(({ name }) => name === 'recheck_cut')!.tries
    const approve = (await world.store.history(run.runId)).find(({ event }) => event.type === 'APPROVE')!
    expect(recheck!.beganAt).toBe(approve.at)
    const { facts, markdown } = named(await reported(on), '06-approval-request-SG1')
    expect(facts.refused).toMatchObject([{ reason: 'APPROVAL_UNKNOWN', approvalId: 'ap-unknown' }])
    expect(markdown).toContain('APPROVAL_UNKNOWN')
  })
})

describe('the approval request report', () => {
  const request = async (run: Run) => named(await reported(run), '06-approval-request-SG1')

  test('shows the actions, the rollback and the commands', async () => {
    const run = await begun()
    const { facts, markdown } = await request(run)
    expect(facts).toMatchObject({
      type: 'cutter.report.approval-request/v1',
      ...{ gate: 'SG1', seq: 7, hash: run.gateHead, planDigest: run.planDigest },
      ...{ counts: { create: 1 }, plan: PLAN, decided: null, earlier: [] },
    })
    for (const text of [
      '**1** thing: 1 × `create`',
      '`A/1`',
      '`beforeCommit`: `ROLLBACK`',
      `cutter run plan ${run.runId}`,
      `cutter approval rehearse ${run.runId}`,
      run.planDigest!,
      run.gateHead!,
    ]) {
      expect(markdown).toContain(text)
    }
  })

  test('shows for a live run who may approve, until when, and how to sign on another machine', async () => {
    const record = await recordOf(await begun())
    const live = { ...record, run: { ...record.run, mode: 'live' as const } }
    const policy = { of: ['alice@example.org', 'bob@example.org'], need: 2, validHours: 12 }
    const { facts, markdown } = named(made(live, { rules: () => policy }), '06-approval-request-SG1')
    expect(facts.mayApprove).toEqual({ ...policy, allowedSigners: './allowed_signers' })
    for (const text of [
      '`alice@example.org`, `bob@example.org`',
      '2 people, each with their own key',
      'counts for 12 hours',
      'ssh-keygen -Y sign -n cutter.cut.SG1',
      `cutter approval sign ${record.run.runId} --as <principal> --key <file>`,
    ]) {
      expect(markdown).toContain(text)
    }
  })

  test('shows the policy that was recorded at the arrival', async () => {
    const record = await recordOf(await begun())
    const { digest, bytes } = jsonEvidence('policy/SG1', {
      of: null,
      need: 3,
      validHours: 1,
      fourEyes: false,
    })
    const row = { seq: 7, name: 'policy/SG1', digest, mediaType: 'application/json', bytes: bytes.length }
    const recorded = {
      ...record,
      evidence: [...record.evidence, row],
      contents: new Map([...record.contents, [digest, bytes]]),
    }
    const { facts } = named(made(recorded), '06-approval-request-SG1')
    expect(facts.mayApprove).toMatchObject({ need: 3, validHours: 1, fourEyes: false })
  })

  test('shows twenty actions, counts them all, and has all of them in its JSON', async () => {
    const record = await recordOf(await begun())
    const actions = Array.from({ length: 33 }, (_, n) => ({
      action: n < 30 ? 'create' : 'keep',
      address: `A/${n}`,
    }))
    const contents = new Map([[record.run.planDigest!, Buffer.from(JSON.stringify({ actions }))]])
    const { facts, markdown } = named(made({ ...record, contents }), '06-approval-request-SG1')
    expect(markdown).toContain('30 × `create`. It leaves **3** as they are (`keep`).')
    expect([markdown.includes('`A/19`'), markdown.includes('`A/20`')]).toEqual([true, false])
    expect(markdown).toContain('And 13 more')
    expect((facts.plan as { actions: Json[] }).actions).toHaveLength(33)
  })

  test.each([
    ['no plan at all', null],
    ['a plan that is no object', ['drop', 'create']],
    [
      'a plan of another shape',
      { actions: ['drop', 3], expected: 'nothing', rollback: null, deep: { er: [1, 2] } },
    ],
  ])('is made for %s', async (_, plan) => {
    const record = await recordOf(await begun())
    const contents = new Map(
      plan === null ? [] : [[record.run.planDigest!, Buffer.from(JSON.stringify(plan))] as const],
    )
    expect(named(made({ ...record, contents }), '06-approval-request-SG1').markdown).toContain(
      'What it would do',
    )
  })

  test('names the earlier plan after drift', async () => {
    const other = jsonEvidence('plan/SG1', { actions: [] })
    const run = await begun()
    const { installed } = world.parts
    world.parts.installed = async (name, run) => {
      const machine = await installed(name, run)
      const recheck = machine.effects.recheck_cut!
      const execute = async () => ({ output: { planDigest: other.digest }, evidence: [other] })
      return { ...machine, effects: { ...machine.effects, recheck_cut: { ...recheck, execute } } }
    }
    await expect(approved(world, run)).rejects.toMatchObject({ data: { reason: 'DRIFT' } })
    const { facts } = await request(run)
    expect(facts).toMatchObject({
      ...{ seq: 9, planDigest: other.digest, plan: { actions: [] } },
      earlier: [{ seq: 7, planDigest: run.planDigest }],
    })
  })

  test('shows the decision', async () => {
    const run = await begun()
    const { approvalId } = await approvalFor(world, run, 'reject')
    await world.engine.resume(run.runId, { approvalId })
    const { facts, markdown } = await request(run)
    expect(facts.decided).toMatchObject({ decision: 'reject', approvalId, approver: 'alice@example.org' })
    expect(markdown).toContain('**Decided**: rejected by `alice@example.org`')
  })
})

describe('the closeout report', () => {
  const closeout = async (run: Run) => named(await reported(run), 'closeout')
  const counted: Script = (name) =>
    name === 'closeout'
      ? success(name, {
          report: { counts: { before: { t: 1 }, after: { t: 3 }, identical: false }, verified: true },
        })
      : succeeds(name)

  test('shows what was done, checked and counted, and who approved', async () => {
    const paused = await begun(counted)
    const run = await approved(world, await approved(world, paused))
    const { facts, markdown } = await closeout(run)
    expect(facts).toMatchObject({
      ...{ type: 'cutter.report.closeout/v1', outcome: 'succeeded', entries: run.seq, head: run.head },
      checks: { 'counts.identical': false, verified: true },
      counts: [{ what: 'counts', rows: [{ of: 't', before: 1, after: 3 }] }],
      approvals: [
        { gate: 'SG1', decision: 'approve', approver: 'alice@example.org', kind: 'rehearsal' },
        { gate: 'SG2', decision: 'approve', approver: 'alice@example.org', kind: 'rehearsal' },
      ],
    })
    expect((facts.done as Json[]).length).toBe(13)
    expect(markdown).toContain('| `t` | 1 | 3 | +2 |')
    expect(markdown).not.toContain('counts.identical')
    expect(facts.executionSwitch).toMatchObject({ start: { enabled: false }, end: { enabled: false } })
    expect(markdown).toMatch(/\| end of the run \| off \|/)
    expect(markdown).toContain('no write was done for real')
    expect(markdown).not.toContain('How it is taken back')
  })

  test('names for a live run the writes that remain, and their rollback', async () => {
    const paused = await begun()
    const run = await approved(world, paused)
    const stopped = await world.engine.cancel(run.runId, { reason: 'enough' })
    const record = await recordOf(stopped)
    const history = record.history.map((entry) =>
      entry.event.ran === 'simulate' ? { ...entry, event: { ...entry.event, ran: 'execute' } } : entry,
    )
    const live = { ...record, history, run: { ...record.run, mode: 'live' as const } }
    const { facts, markdown } = named(made(live), 'closeout')
    expect(facts).toMatchObject({ outcome: 'cancelled', rollback: { SG1: PLAN.rollback } })
    expect(markdown).toContain('`cut_leg_a` was done (execute), entry 10.')
    expect(markdown).toContain('How it is taken back')
  })

  test('shows for a stopped run why it stopped, and that it is not closed', async () => {
    const run = await begun((name) => (name === 'mark' ? failure('mark') : succeeds(name)))
    const { facts, markdown } = await closeout(run)
    expect(facts).toMatchObject({
      ...{ status: 'stopped', outcome: null, stop: { code: 'STOP_TARGET_UNREACHABLE' } },
      failed: [{ phase: 'mark', code: 'STOP_TARGET_UNREACHABLE' }],
    })
    expect(markdown).toContain('it is not closed')
    expect(markdown).toContain('mark found no server')
  })
})
