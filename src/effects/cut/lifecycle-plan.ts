import { Stop } from '../../domain/errors.ts'
import type { UnitRow } from '../../targets/survey.ts'
import type { CutPlan, ExpectedState } from './plan.ts'

/** What SG2 approves: which drafts come into force. */
export interface LifecyclePlan {
  type: 'cutter.plan.lifecycle/v1'
  machineVersion: string
  mode: CutPlan['mode']
  document: string
  target: CutPlan['target']
  sourceVersionId: string
  actions: {
    action: 'enact'
    address: string
    versionSeq: number
    contentHash: string
    from: 'draft'
    to: 'enacted'
  }[]
  expected: { surface: ExpectedState['surface'] }
  rollback: { beforeCommit: string; afterCommit: string }
}

export function planLifecycle(
  plan: CutPlan,
  units: UnitRow[],
  surface: ExpectedState['surface'],
): LifecyclePlan {
  const rows = new Map(units.map((unit) => [unit.address, unit]))
  return {
    type: 'cutter.plan.lifecycle/v1',
    machineVersion: plan.machineVersion,
    mode: plan.mode,
    document: plan.document,
    target: plan.target,
    sourceVersionId: plan.source.sourceVersionId,
    actions: plan.actions
      .filter(({ action }) => action !== 'keep')
      .map(({ address, contentHash }) => ({
        action: 'enact',
        address,
        versionSeq: draftOf(address, contentHash, rows.get(address)),
        contentHash,
        from: 'draft',
        to: 'enacted',
      })),
    expected: { surface },
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that enacts',
      afterCommit: 'forward only: a later decision supersedes or retires; nothing is deleted',
    },
  }
}

function draftOf(address: string, contentHash: string, row: UnitRow | undefined): number {
  const is =
    row === undefined ? 'gone' : row.contentHash !== contentHash ? 'of another text' : row.lifecycleStatus
  if (row === undefined || is !== 'draft') {
    throw new Stop('STOP_DRIFT', `unit ${address}, drafted by this run, is ${is}`, {
      next: 'look at the unit in the target; cancel the run if that is meant to be',
    })
  }
  return row.versionSeq!
}
