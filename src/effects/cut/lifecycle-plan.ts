import { type Survey, surfaceDifferences, type UnitRow } from '../../targets/survey.ts'
import { draftDifferences, driftError, targetDifferences } from './drift.ts'
import {
  type Alias,
  type CutPlan,
  type Ending,
  type ExpectedState,
  isVersion,
  isWritten,
  type UnitAction,
} from './plan.ts'

/** One edge or two of a unit's lifecycle, in the state in which they were approved. */
export type LifecycleAction =
  | {
      action: 'enact'
      address: string
      versionSeq: number
      contentHash: string
      from: 'draft'
      to: 'enacted'
    }
  | {
      /** A draft takes the place of the version in force. */
      action: 'supersede'
      address: string
      versionSeq: number
      contentHash: string
      from: 'draft'
      to: 'enacted'
      replaces: { versionSeq: number; contentHash: string; from: 'enacted'; to: 'superseded' }
    }
  | {
      /** A draft brings a unit back that went out of force, and stays itself what it was. */
      action: 'revive'
      address: string
      versionSeq: number
      contentHash: string
      from: 'draft'
      to: 'enacted'
      after: { versionSeq: number; contentHash: string; status: string }
    }
  | {
      /** A unit that the text no longer has: superseded where others have its text, else by that on to retired. */
      action: 'retire'
      address: string
      versionSeq: number
      contentHash: string
      from: 'enacted'
      to: 'superseded' | 'retired'
      successors: string[]
    }

/** What SG2 approves: which drafts come into force, and what goes out of it. */
export interface LifecyclePlan {
  type: 'cutter.plan.lifecycle/v1'
  machineVersion: string
  mode: CutPlan['mode']
  document: string
  target: CutPlan['target']
  sourceVersionId: string
  actions: LifecycleAction[]
  aliases: Alias[]
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
    throw driftError('drafts of this run are no longer as it made them', differences, NEXT)
  const rows = new Map(units.map((unit) => [unit.address, unit]))
  return {
    type: 'cutter.plan.lifecycle/v1',
    machineVersion: plan.machineVersion,
    mode: plan.mode,
    document: plan.document,
    target: plan.target,
    sourceVersionId: plan.source.sourceVersionId,
    actions: [
      ...plan.actions.filter(isWritten).map((action) => comingIn(action, rows.get(action.address)!)),
      ...plan.endings.map((ending) => goingOut(ending, rows.get(ending.address)!)),
    ],
    aliases: plan.aliases,
    expected: { surface },
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that enacts, supersedes and retires',
      afterCommit: 'forward only: a later decision supersedes or retires; nothing is deleted',
    },
  }
}

function comingIn(planned: UnitAction, row: UnitRow): LifecycleAction {
  const { address, contentHash } = planned
  const toForce = { address, contentHash, from: 'draft', to: 'enacted' } as const
  if (!isVersion(planned)) return { action: 'enact', ...toForce, versionSeq: row.versionSeq! }
  const before = { versionSeq: row.versionSeq!, contentHash: row.contentHash! }
  const coming = { ...toForce, versionSeq: row.pendingSeq! }
  const status = row.lifecycleStatus
  if (status !== 'enacted') return { action: 'revive', ...coming, after: { ...before, status } }
  return { action: 'supersede', ...coming, replaces: { ...before, from: 'enacted', to: 'superseded' } }
}

function goingOut({ action, address, contentHash, successors }: Ending, row: UnitRow): LifecycleAction {
  const to = action === 'supersede' ? 'superseded' : 'retired'
  return {
    action: 'retire',
    address,
    versionSeq: row.versionSeq!,
    contentHash,
    from: 'enacted',
    to,
    successors,
  }
}

/** The rows of the lifecycle log that an action writes: one for each edge of a version. */
export function countEdges(action: LifecycleAction): number {
  return action.action === 'supersede' || action.to === 'retired' ? 2 : 1
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
  const there = new Map(units.map((unit) => [unit.address, unit]))
  const line = (address: string, was: number, is: number | null | undefined) =>
    is === undefined || is === was ? [] : [`unit ${address} was at version ${was}, is at ${is}`]
  return actions.flatMap((one) => {
    const unit = there.get(one.address)
    if (one.action === 'enact' || one.action === 'retire')
      return line(one.address, one.versionSeq, unit?.versionSeq)
    const before = one.action === 'revive' ? one.after : one.replaces
    return [
      ...line(one.address, before.versionSeq, unit?.versionSeq),
      ...line(`${one.address}, its draft,`, one.versionSeq, unit?.pendingSeq),
    ]
  })
}
