import { type Survey, surfaceDifferences, type UnitRow } from '../../targets/survey.ts'
import { draftDifferences, driftStop, targetDifferences } from './drift.ts'
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

/** Stops with STOP_DRIFT, naming each, when drafts of this run are no longer there as they were made. */
export function planLifecycle(
  plan: CutPlan,
  units: UnitRow[],
  surface: ExpectedState['surface'],
): LifecyclePlan {
  const differences = draftDifferences(plan, units)
  if (differences.length > 0)
    throw driftStop('drafts of this run are no longer as it made them', differences, NEXT)
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
        versionSeq: rows.get(address)!.versionSeq!,
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

const NEXT = 'look at them in the target; cancel the run if that is meant to be'

/** What differs from the world that SG2 approved; in a dry run the plan names the target, and the work is done on its copy. */
export function lifecycleDifferences(
  approved: LifecyclePlan,
  cut: CutPlan,
  found: Survey,
  mode: LifecyclePlan['mode'],
): string[] {
  return [
    ...(mode === 'live' ? targetDifferences(approved.target, found.server) : []),
    ...draftDifferences(cut, found.units),
    ...versionDifferences(approved, found.units),
    ...surfaceDifferences(approved.expected.surface, found.surface),
  ]
}

/** The same text in another version is another decision. */
function versionDifferences({ actions }: LifecyclePlan, units: UnitRow[]): string[] {
  const there = new Map(units.map(({ address, versionSeq }) => [address, versionSeq]))
  return actions.flatMap(({ address, versionSeq }) => {
    const is = there.get(address)
    return is === undefined || is === versionSeq
      ? []
      : [`unit ${address} was at version ${versionSeq}, is at ${is}`]
  })
}
