import { describe, expect, test } from 'vitest'
import { migrate } from '../../machines/migrate.ts'
import { digestOf, type Json } from '../../src/domain/json.ts'
import type { Run, RunEvent } from '../../src/domain/run.ts'
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

/** Goes on, phase by phase with good outcomes, until the run rests. */
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

describe('a migration', () => {
  test('waits at SG1 with its plan, and under an approval goes to its end', () => {
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

  test('is foreseen at SG1 to go to its end, and not to the rollback', () => {
    const way = predictPath(machine, atGate(), decision('APPROVE', 'ap-1'))
    expect(way.at(-1)).toEqual({ state: 'CLOSEOUT_REPORTED', phase: null, status: 'closed' })
  })

  test('falls back to SG1 without its approval when the world is another, or can’t be looked at', () => {
    const checking = take(atGate(), decision('APPROVE', 'ap-1'))
    const drifted = take(checking, success('recheck_migration', { planDigest: digestOf('another plan') }))
    expect(drifted).toMatchObject({ status: 'paused', gate: 'SG1', planDigest: digestOf('another plan') })
    const unseen = take(checking, failure('recheck_migration'))
    expect(unseen).toMatchObject({ status: 'paused', gate: 'SG1', planDigest: PLAN })
    expect([inHand(drifted), inHand(unseen)]).toEqual([null, null])
  })

  test.each(['refresh_backup', 'apply_migration'])(
    'that stops at %s takes its backup’s age first when retried',
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
  ] as const)('ends at SG1 by %s as %s', (type, outcome) => {
    expect(take(atGate(), decision(type, 'ap-1'))).toMatchObject({ status: 'closed', outcome })
  })

  test('has no way to SG2 but a verification that failed after the commit', () => {
    const committed = goOn(take(atGate(), decision('APPROVE', 'ap-1')), notVerified)
    expect(committed).toMatchObject({ status: 'paused', gate: 'SG2', planDigest: ROLLBACK })
    // The approval of the migration is used up: nothing of it is left to pass the second gate with.
    expect(inHand(committed)).toBeNull()
    const rolledBack = goOn(take(committed, decision('APPROVE', 'ap-2')), notVerified)
    expect(rolledBack).toMatchObject({
      status: 'closed',
      outcome: 'rolled-back',
      state: 'MIGRATION_ROLLED_BACK',
    })
  })

  test('that can’t be verified now is verified again, and neither passes nor goes to SG2', () => {
    let run = take(atGate(), decision('APPROVE', 'ap-1'))
    while (run.phase !== 'verify_migration') run = take(run, success(run.phase!, OUTPUTS[run.phase!] ?? {}))
    const stopped = take(run, failure('verify_migration'))
    expect(stopped).toMatchObject({ status: 'stopped', state: 'MIGRATION_APPLIED' })
    expect(take(stopped, { type: 'RETRY' }).phase).toBe('verify_migration')
  })
})
