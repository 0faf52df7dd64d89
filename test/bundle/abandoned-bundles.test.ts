import { afterAll, beforeAll, expect, test } from 'vitest'
import { approvalIdOf } from '../../src/approvals/statement.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { hashEntry } from '../../src/domain/history.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { abandoned, aStrandedRun } from './abandoned-runs.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, recordIn } from './bundle-fixture.ts'
import { correctHashes, renameApproval } from './forge-bundle.ts'

describeWithKeys('verify of the bundle of an abandoned run', () => {
  let at: Bundles
  let tar: Buffer
  beforeAll(async () => {
    at = await aBundleMaker()
    tar = await at.exported(await abandoned(at, await aStrandedRun(at)))
  })
  afterAll(async () => {
    await at.remove()
    removeFolders()
  })
  const faultOf = async (change: (record: RunRecord) => void) => {
    const record = await recordIn(tar)
    change(record)
    return (await at.verify(await bundleOf({ ...record, closeout: null }, tar))).firstFault
  }

  test('holds in format 4, lists each unsettled write, and says who abandoned the run', async () => {
    const verdict = await at.verify(tar)
    expect(verdict).toMatchObject({ holds: true, format: 4, outcome: 'abandoned' })
    expect(verdict.unsettledWrites).toMatchObject([{ phase: 'cut_leg_a', attempt: 1 }])
    expect(verdict.approvals).toContainEqual(
      expect.objectContaining({
        gate: 'abandon',
        decision: 'abandon',
        approver: ALICE,
        counted: true,
        trusted: true,
      }),
    )
    expect(verdict.notes.join()).toContain('abandoned with 1 unsettled write')
    expect(verdict.ranges.some(({ kind, decision }) => kind === 'approval' && decision === 'abandon')).toBe(
      true,
    )
  })

  test('the signed closeout lists the unsettled write and the approval', async () => {
    const { closeout } = await recordIn(tar)
    const { predicateType, predicate } = JSON.parse(closeout!.text)
    expect(predicateType).toBe('urn:cutter:closeout:v2')
    expect(predicate).toMatchObject({ outcome: 'abandoned', unsettledWrites: [{ phase: 'cut_leg_a' }] })
    expect(predicate.approvals.map(({ decision }: { decision: string }) => decision).sort()).toEqual([
      'abandon',
      'approve',
    ])
  })

  test('a bundle of an abandoned dry run holds', async () => {
    const dry = await at.started('dry-run')
    const { rehearseApproval } = await import('../../src/engine/manage-approvals.ts')
    const how = { as: 'rehearsal', decision: 'abandon', reason: 'not needed' } as const
    const { approvalId } = await rehearseApproval(at.world.parts, dry.runId, how)
    const closed = await at.world.engine.abandon(dry.runId, { approvalId })
    expect(await at.verify(await at.exported(closed))).toMatchObject({
      holds: true,
      outcome: 'abandoned',
      unsettledWrites: [],
    })
  })

  test('does not hold with a list that leaves the write out', async () => {
    expect(
      await faultOf((record) => {
        record.unsettledWrites = []
      }),
    ).toMatchObject({ code: 'RUN_DIFFERS' })
  })

  test.each<[string, (event: { [field: string]: unknown }) => void, string]>([
    ['another list in its history', (event) => Object.assign(event, { unsettledWrites: [] }), 'RUN_DIFFERS'],
    [
      'another outcome in its history',
      (event) => Object.assign(event, { outcome: 'succeeded' }),
      'FILE_UNREADABLE',
    ],
  ])('does not hold with %s, also when the chain is made again', async (_, change, code) => {
    const changed = await faultOf((record) => {
      const last = record.history.at(-1)!
      change(last.event)
      last.hash = hashEntry(last)
      record.run.head = last.hash
      record.run.outcome = last.event.outcome as never
    })
    expect(changed).toMatchObject({ code })
  })

  test('does not hold without the approval that abandons it', async () => {
    expect(
      await faultOf((record) => {
        record.approvals = record.approvals.filter(
          ({ statementText }) => !statementText.includes('"abandon"'),
        )
      }),
    ).toMatchObject({ code: 'GATE_UNAPPROVED' })
  })

  test.each([
    ['another list of writes', { planDigest: `sha256:${'0'.repeat(64)}` }],
    ['an earlier entry', { seq: 2 }],
    ['a gate', { gate: 'SG1', decision: 'approve' }],
  ])('does not hold with an abandonment whose statement is for %s', async (_, change) => {
    const run = await at.started('dry-run')
    const { rehearseApproval } = await import('../../src/engine/manage-approvals.ts')
    const how = { as: 'rehearsal', decision: 'abandon', reason: 'not needed' } as const
    const { approvalId } = await rehearseApproval(at.world.parts, run.runId, how)
    const dry = await at.exported(await at.world.engine.abandon(run.runId, { approvalId }))
    const record = await recordIn(dry)
    const [approval] = record.approvals
    const statement = { ...JSON.parse(approval!.statementText), ...change }
    if (statement.seq === 2) statement.historyHead = record.history[1]!.hash
    const statementText = canonicalJson(statement)
    record.approvals = [{ ...approval!, statementText, approvalId: approvalIdOf(statementText) }]
    renameApproval(record, approvalId, approvalIdOf(statementText))
    correctHashes(record)
    const verdict = await at.verify(await bundleOf({ ...record, closeout: null }, dry))
    expect(verdict.firstFault).toMatchObject({ code: 'APPROVAL_ELSEWHERE' })
  })
})
