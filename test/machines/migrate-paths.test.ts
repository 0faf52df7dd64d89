import { describe, expect, test } from 'vitest'
import { migrate } from '../../machines/migrate.ts'
import type { RunEvent } from '../../src/domain/history-entry.ts'
import { digestOf, type Json } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import type { Machine } from '../../src/machine/define.ts'
import { predictPath } from '../../src/machine/predict-path.ts'
import { eventStep } from '../../src/machine/transition.ts'
import { factsOf, firstOf } from '../machine/drive-steps.ts'
import { failure, success } from './explore-chart.ts'

/** The chart driven by the pure functions alone, along every way that matters for what may be committed under whose word. */

const machine: Machine = { ...migrate, definitionDigest: digestOf('migrate') }
const PLAN = digestOf('plan')
const ROLLBACK = digestOf('rollback plan')

const decision = (type: 'APPROVE' | 'REJECT' | 'VOID', approvalId: string): RunEvent => ({
  type,
  approvalId,
  approver: 'alice@example.org',
})

const OUTPUTS: { [phase: string]: Json } = {
  preflight: { planDigest: PLAN },
  recheck_migration: { planDigest: PLAN },
  verify_migration: { verified: true },
  recheck_rollback: { planDigest: ROLLBACK },
}

/** Continues phase by phase, each successful, until the run rests. */
function goOn(run: Run, outputs = OUTPUTS): Run {
  let now = run
  while (now.status === 'working') {
    const { phase } = now
    const event: RunEvent =
      phase === null
        ? { type: 'xstate.after.0.migrate.PREFLIGHT_PASSED' }
        : success(phase, outputs[phase] ?? { of: phase })
    now = take(now, event)
  }
  return now
}

const take = (run: Run, event: RunEvent) => eventStep(machine, run, event, factsOf(event)).run
const atGate = () => goOn(firstOf(machine).run)
const inHand = (run: Run) =>
  (JSON.parse(run.snapshot) as { snapshot: { context: { approvalId: string | null } } }).snapshot.context
    .approvalId

const notVerified = { ...OUTPUTS, verify_migration: { verified: false, planDigest: ROLLBACK } }

describe('the migrate chart', () => {
  test('a migration waits at SG1 with its plan and closes under an approval', () => {
    const waiting = atGate()
    expect(waiting).toMatchObject({ status: 'paused', gate: 'SG1', planDigest: PLAN })
    const checking = take(waiting, decision('APPROVE', 'ap-1'))
    expect(checking).toMatchObject({ status: 'working', phase: 'recheck_migration' })
    expect(goOn(checking)).toMatchObject({
      status: 'closed',
      outcome: 'succeeded',
      state: 'CLOSEOUT_REPORTED',
    })
  })

  test('predictPath leads a migration from SG1 to its end, not to the rollback', () => {
    const way = predictPath(machine, atGate(), decision('APPROVE', 'ap-1'))
    expect(way.at(-1)).toEqual({ state: 'CLOSEOUT_REPORTED', phase: null, status: 'closed' })
  })

  test('a migration returns to SG1 without its approval when its recheck fails or finds another world', () => {
    const checking = take(atGate(), decision('APPROVE', 'ap-1'))
    const drifted = take(checking, success('recheck_migration', { planDigest: digestOf('another plan') }))
    expect(drifted).toMatchObject({ status: 'paused', gate: 'SG1', planDigest: digestOf('another plan') })
    const unseen = take(checking, failure('recheck_migration'))
    expect(unseen).toMatchObject({ status: 'paused', gate: 'SG1', planDigest: PLAN })
    expect([inHand(drifted), inHand(unseen)]).toEqual([null, null])
  })

  test.each(['refresh_backup', 'apply_migration'])(
    'a migration that stops at %s checks the age of its backup first when it is retried',
    (phase) => {
      let run = take(
        take(atGate(), decision('APPROVE', 'ap-1')),
        success('recheck_migration', { planDigest: PLAN }),
      )
      while (run.phase !== phase) run = take(run, success(run.phase!, {}))
      const stopped = take(run, failure(phase))
      expect(stopped).toMatchObject({ status: 'stopped', state: 'AWAITING_MIGRATION_AUTHORIZATION' })
      expect(take(stopped, { type: 'RETRY' }).phase).toBe('refresh_backup')
    },
  )

  test.each([
    ['REJECT', 'rejected'],
    ['VOID', 'voided'],
  ] as const)('a migration at SG1 ends by %s as %s', (type, outcome) => {
    expect(take(atGate(), decision(type, 'ap-1'))).toMatchObject({ status: 'closed', outcome })
  })

  test('a migration reaches SG2 only by a verification that failed after the commit', () => {
    const committed = goOn(take(atGate(), decision('APPROVE', 'ap-1')), notVerified)
    expect(committed).toMatchObject({ status: 'paused', gate: 'SG2', planDigest: ROLLBACK })
    // The approval of the migration is used up: nothing of it is left to pass the second gate with.
    expect(inHand(committed)).toBeNull()
    const rolledBack = goOn(take(committed, decision('APPROVE', 'ap-2')), notVerified)
    expect(rolledBack).toMatchObject({
      status: 'closed',
      outcome: 'rolled-back',
      state: 'ROLLED_BACK',
    })
  })

  test('a migration whose verification breaks is verified again before it passes or goes to SG2', () => {
    let run = take(atGate(), decision('APPROVE', 'ap-1'))
    while (run.phase !== 'verify_migration') run = take(run, success(run.phase!, OUTPUTS[run.phase!] ?? {}))
    const stopped = take(run, failure('verify_migration'))
    expect(stopped).toMatchObject({ status: 'stopped', state: 'MIGRATION_APPLIED' })
    expect(take(stopped, { type: 'RETRY' }).phase).toBe('verify_migration')
  })
})
