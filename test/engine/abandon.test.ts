import { afterAll, afterEach, expect, test } from 'vitest'
import { statementText } from '../../src/approvals/statement.ts'
import { gatePolicyOf } from '../../src/config/gate-policy.ts'
import { CutterError } from '../../src/domain/errors.ts'
import type { Run } from '../../src/domain/run.ts'
import { composeStatementText, rehearseApproval, signApproval } from '../../src/engine/manage-approvals.ts'
import { verifyRun } from '../../src/engine/verify-run.ts'
import {
  abandoned,
  aRunThatDied,
  aStrandedRun,
  inNextProcess,
  loseTarget,
  signAbandonment,
} from '../bundle/abandoned-runs.ts'
import { ALICE, aBundleMaker, BOB, type Bundles } from '../bundle/bundle-fixture.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** The last way out of a run: it is closed under an approval, and the record says which writes nobody knows the end of. */

const made: Bundles[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map((at) => at.remove()))
})
afterAll(removeFolders)

async function aMaker(need = 1): Promise<Bundles> {
  const at = await aBundleMaker({ need })
  made.push(at)
  return at
}
const unsettled = (seq: number) => [
  {
    phase: 'cut_leg_a',
    seq,
    attempt: 1,
    startedAt: expect.any(String),
    known: expect.stringContaining('nobody knows whether it was committed'),
  },
]
const abandon = ({ world }: Bundles, { runId }: Run, approvalId: string) =>
  world.engine.abandon(runId, { approvalId })
const refused = (reason: string) => ({ code: 'APPROVAL_REFUSED', data: { reason } })
const withoutModule = ({ world }: Bundles) => {
  world.parts.installed = async () => {
    throw new CutterError('MACHINE_NOT_FOUND', 'its module is gone')
  }
}

describeWithKeys('abandon of a run', () => {
  test('abandon closes a run whose target is gone, and lists the write that nobody knows the end of', async () => {
    const at = await aMaker()
    const run = await aStrandedRun(at)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_OUTCOME_UNKNOWN' })
    await expect(at.world.engine.cancel(run.runId, { reason: 'gone' })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
    })
    const closed = await abandoned(at, run)
    expect(closed).toMatchObject({ status: 'closed', outcome: 'abandoned', stop: null, gate: null })
    const entry = (await at.world.store.history(run.runId)).at(-1)!
    expect(entry.event).toMatchObject({
      type: 'cutter.run-abandoned',
      outcome: 'abandoned',
      approver: ALICE,
      unsettledWrites: unsettled(entry.seq - 1),
    })
    expect(await at.world.store.run(run.runId)).toMatchObject({ outcome: 'abandoned' })
    expect(await at.world.store.list({ status: 'closed', limit: 1 })).toMatchObject([
      { outcome: 'abandoned' },
    ])
    expect(await verifyRun(at.world.parts, run.runId)).toMatchObject({ replayed: true })
    expect(await at.world.engine.resume(run.runId, {})).toMatchObject({ outcome: 'abandoned' })
  })

  test('abandon needs no machine, also for a run that died in its write', async () => {
    const at = await aMaker()
    const { installed } = at.world.parts
    let begun = 0
    at.world.parts.installed = async (name, run) => {
      const found = await installed(name, run)
      const execute = () => {
        begun++
        return new Promise<never>(() => {})
      }
      return {
        ...found,
        effects: { ...found.effects, cut_leg_a: { ...found.effects.cut_leg_a!, execute } as never },
      }
    }
    const run = await at.started('live')
    at.approve(run).catch(() => {})
    await expect.poll(() => begun).toBe(1)
    inNextProcess(at)
    withoutModule(at)
    const closed = await abandoned(at, run)
    expect(closed.outcome).toBe('abandoned')
    expect(await at.world.store.effects(run.runId)).toEqual([])
    const { event } = (await at.world.store.history(run.runId)).at(-1)!
    expect(event.unsettledWrites).toMatchObject([
      { phase: 'cut_leg_a', attempt: 1, known: expect.stringContaining('no outcome was recorded') },
    ])
  })

  test.each([
    ['a write that may come before an approval is listed', 'write', ['source_pin']],
    ['a read is not listed', 'read', []],
  ] as const)('abandon needs no machine for a run that died before its gate; %s', async (_, kind, listed) => {
    const at = await aMaker()
    const run = await aRunThatDied(at, kind)
    withoutModule(at)
    const closed = await abandoned(at, run)
    const { event } = (await at.world.store.history(run.runId)).at(-1)!
    const due = listed.map((phase) => ({ phase, seq: 1, attempt: 1 }))
    expect(event.unsettledWrites).toMatchObject(due)
    expect(await at.verify(await at.exported(closed))).toMatchObject({ holds: true, unsettledWrites: due })
  })

  test.each([
    ['closes a run that died in a read', 'read', { outcome: 'cancelled' }],
    ['refuses a run that died in a write', 'write', { code: 'EVENT_REFUSED' }],
  ] as const)('cancel without the machine %s before its gate', async (_, kind, answer) => {
    const at = await aMaker()
    const run = await aRunThatDied(at, kind)
    withoutModule(at)
    const answered = await at.world.engine.cancel(run.runId, { reason: 'gone' }).catch((error) => error)
    expect(answered).toMatchObject(answer)
  })

  test('abandon refuses a statement from before a later attempt of the write', async () => {
    const at = await aMaker()
    const run = await aStrandedRun(at)
    const approvalId = await signAbandonment(at, run)
    expect(await at.world.engine.resume(run.runId, {})).toMatchObject({ status: 'stopped' })
    await expect(abandon(at, run, approvalId)).rejects.toMatchObject(refused('OTHER_ARRIVAL'))
    expect(await at.world.store.run(run.runId)).toMatchObject({ status: 'stopped' })
    expect((await abandoned(at, run)).outcome).toBe('abandoned')
  })

  test('abandon refuses a statement from before another process began the write once more', async () => {
    const at = await aMaker()
    const { world } = at
    const target = loseTarget(at)
    target.probe = () => new Promise<never>(() => {})
    const waiting = await at.started('live')
    at.approve(waiting).catch(() => {})
    await expect.poll(async () => (await world.store.effects(waiting.runId))[0]?.name).toBe('cut_leg_a')
    const [effect] = await world.store.effects(waiting.runId)
    inNextProcess(at)
    const approvalId = await signAbandonment(at, waiting)
    const lease = { owner: { id: '7', host: 'here', pid: 7 }, until: '2026-01-01T00:00:00.000Z' }
    await world.store.claim(waiting.runId, effect!.invokeId, effect!, lease)
    await expect(abandon(at, waiting, approvalId)).rejects.toMatchObject(refused('OTHER_PLAN'))
    expect((await abandoned(at, waiting)).outcome).toBe('abandoned')
  })

  test('abandon accepts a statement although an attempt was refused after it', async () => {
    const at = await aMaker()
    const run = await aStrandedRun(at)
    const approvalId = await signAbandonment(at, run)
    await expect(abandon(at, run, 'ap-00000000000000000000000000000000')).rejects.toMatchObject({
      code: 'APPROVAL_NOT_FOUND',
    })
    expect((await abandon(at, run, approvalId)).outcome).toBe('abandoned')
  })

  test('abandon refuses an approval with another decision, and a gate refuses one that abandons', async () => {
    const at = await aMaker()
    const run = await at.started('live')
    const how = { as: ALICE, reason: 'read', keyFile: at.keys.path('alice') }
    const { approval } = await signApproval(at.world.parts, run.runId, { ...how, decision: 'void' })
    await expect(abandon(at, run, approval.approvalId)).rejects.toMatchObject({
      ...refused('OTHER_GATE'),
      next: expect.stringContaining('--decision abandon'),
    })
    const approvalId = await signAbandonment(at, run)
    await expect(at.world.engine.resume(run.runId, { approvalId })).rejects.toMatchObject({
      ...refused('OTHER_GATE'),
      next: `cutter run abandon ${run.runId} --approval ${approvalId}`,
    })
    expect((await abandon(at, run, approvalId)).outcome).toBe('abandoned')
  })

  test('abandon takes no statement of the abandonment of another run', async () => {
    const at = await aMaker()
    const [one, other] = [await at.started('live'), await at.started('live')]
    await expect(abandon(at, other, await signAbandonment(at, one))).rejects.toMatchObject(
      refused('OTHER_RUN'),
    )
  })

  test('abandon asks for as many people as the gate that the run has passed', async () => {
    const at = await aMaker(2)
    const run = await aStrandedRun(at)
    const approvalId = await signAbandonment(at, run)
    await expect(abandon(at, run, approvalId)).rejects.toMatchObject({
      ...refused('NOT_ENOUGH_APPROVERS'),
      next: expect.stringContaining('--decision abandon'),
    })
    await signAbandonment(at, run, BOB)
    expect((await abandon(at, run, approvalId)).outcome).toBe('abandoned')
  })

  test('abandon of a run that waits at its first gate asks what that gate asks', async () => {
    const at = await aMaker(2)
    const { parts } = at.world
    const rules = { approvals: { policy: { 'cut.SG1': { of: [BOB] } } } }
    const config = rules as unknown as Parameters<typeof gatePolicyOf>[0]
    parts.policy = (machine, gate, reached) => gatePolicyOf(config, machine, gate, reached)
    delete parts.inForce
    const run = await at.started('live')
    const approvalId = await signAbandonment(at, run)
    await expect(abandon(at, run, approvalId)).rejects.toMatchObject(refused('SIGNER_NOT_ALLOWED'))
    expect((await abandon(at, run, await signAbandonment(at, run, BOB))).outcome).toBe('abandoned')
  })

  test('abandon refuses the statement of the operator who brings it', async () => {
    const at = await aMaker()
    const run = await aStrandedRun(at)
    const approvalId = await signAbandonment(at, run)
    await expect(at.world.engine.abandon(run.runId, { approvalId, by: ALICE })).rejects.toMatchObject(
      refused('OPERATORS_OWN'),
    )
  })

  test('abandon of a dry run takes a rehearsal, and a live run takes none', async () => {
    const at = await aMaker()
    const dry = await at.started('dry-run')
    const how = { as: 'rehearsal', decision: 'abandon', reason: 'not needed' } as const
    const { approvalId } = await rehearseApproval(at.world.parts, dry.runId, how)
    expect((await abandon(at, dry, approvalId)).outcome).toBe('abandoned')
    const live = await at.started('live')
    await expect(rehearseApproval(at.world.parts, live.runId, how)).rejects.toMatchObject({
      code: 'APPROVAL_REFUSED',
    })
  })

  test('a statement that abandons names the newest entry and the digest of the list, and no review', async () => {
    const at = await aMaker()
    const run = await aStrandedRun(at)
    withoutModule(at)
    const how = { as: ALICE, decision: 'abandon', reason: 'gone' } as const
    const statement = JSON.parse(await composeStatementText(at.world.parts, run.runId, how))
    expect(statement).toMatchObject({
      gate: 'abandon',
      decision: 'abandon',
      seq: run.seq,
      historyHead: run.head,
    })
    expect(statement.reviewDecisionId).toBeUndefined()
    expect(statementText(statement)).toContain(statement.planDigest)
  })
})
