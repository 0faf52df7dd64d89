import { type Survey, surfaceDifferences, type UnitRow } from '../../targets/survey.ts'
import { driftError } from './drift.ts'
import {
  type Alias,
  type CutPlan,
  type Ending,
  type ExpectedState,
  isVersion,
  isWritten,
  type SourceId,
  type UnitAction,
} from './plan.ts'
import { draftDifferences, targetDifferences } from './plan-differences.ts'

/** One or two edges of a unit's lifecycle, from the approved state. */
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
      /** A draft replaces the version in force. */
      action: 'supersede'
      address: string
      versionSeq: number
      contentHash: string
      from: 'draft'
      to: 'enacted'
      replaces: { versionSeq: number; contentHash: string; from: 'enacted'; to: 'superseded' }
    }
  | {
      /** A draft brings back a unit that went out of force. The old version keeps its status. */
      action: 'revive'
      address: string
      versionSeq: number
      contentHash: string
      from: 'draft'
      to: 'enacted'
      after: { versionSeq: number; contentHash: string; status: string }
    }
  | {
      /** A unit that the text no longer has. It is superseded if other units have its text, else superseded and retired. */
      action: 'retire'
      address: string
      versionSeq: number
      contentHash: string
      from: 'enacted'
      to: 'superseded' | 'retired'
      successors: string[]
    }

/** The plan of the lifecycle gate SG2: the drafts that come into force, and the units and versions that go out of force. */
export interface LifecyclePlan {
  type: 'cutter.plan.lifecycle/v1'
  machineVersion: string
  mode: CutPlan['mode']
  document: string
  target: CutPlan['target']
  sourceVersionId: string
  /** The day on which all of it commences, YYYY-MM-DD; left out: at once. */
  commencesOn?: string
  actions: LifecycleAction[]
  aliases: Alias[]
  /** Ids of the source that lead to its units; left out if it has none. */
  sourceIds?: SourceId[]
  expected: { surface: ExpectedState['surface'] }
  rollback: { beforeCommit: string; afterCommit: string }
}

/**
 * Plans the lifecycle of a cut's drafts.
 *
 * @throws Stop STOP_DRIFT when drafts of this run have changed; the stop lists them.
 */
export function planLifecycle(
  plan: CutPlan,
  units: UnitRow[],
  surface: ExpectedState['surface'],
): LifecyclePlan {
  const differences = draftDifferences(plan, units)
  if (differences.length > 0)
    throw driftError('drafts of this run have changed since it wrote them', differences, NEXT)
  const rows = new Map(units.map((unit) => [unit.address, unit]))
  return {
    type: 'cutter.plan.lifecycle/v1',
    machineVersion: plan.machineVersion,
    mode: plan.mode,
    document: plan.document,
    target: plan.target,
    sourceVersionId: plan.source.sourceVersionId,
    ...(plan.commencesOn === undefined ? {} : { commencesOn: plan.commencesOn }),
    actions: [
      ...plan.actions.filter(isWritten).map((action) => enactAction(action, rows.get(action.address)!)),
      ...plan.endings.map((ending) => endAction(ending, rows.get(ending.address)!)),
    ],
    aliases: plan.aliases,
    ...(plan.sourceIds === undefined ? {} : { sourceIds: plan.sourceIds }),
    expected: { surface },
    // Part of the plan digest of open runs: these texts must not change.
    rollback: {
      beforeCommit: 'ROLLBACK of the one transaction that enacts, supersedes and retires',
      afterCommit: 'forward only: a later decision supersedes or retires; nothing is deleted',
    },
  }
}

function enactAction(planned: UnitAction, row: UnitRow): LifecycleAction {
  const { address, contentHash } = planned
  const toForce = { address, contentHash, from: 'draft', to: 'enacted' } as const
  if (!isVersion(planned)) return { action: 'enact', ...toForce, versionSeq: row.versionSeq! }
  const before = { versionSeq: row.versionSeq!, contentHash: row.contentHash! }
  const coming = { ...toForce, versionSeq: row.pendingSeq! }
  const status = row.lifecycleStatus
  if (status !== 'enacted') return { action: 'revive', ...coming, after: { ...before, status } }
  return { action: 'supersede', ...coming, replaces: { ...before, from: 'enacted', to: 'superseded' } }
}

function endAction({ action, address, contentHash, successors }: Ending, row: UnitRow): LifecycleAction {
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

/** Counts the rows of the lifecycle log that an action writes, one for each edge of a version. */
export function countEdges(action: LifecycleAction): number {
  return action.action === 'supersede' || action.to === 'retired' ? 2 : 1
}

const NEXT = 'check them in the target; cancel the run if the change is intended'

/**
 * Lists the differences from the state that SG2 approved. A dry run works on a rehearsal database although its plan names the target, so the
 * database itself is compared in live runs only.
 */
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

/** Lists changed versions. The same text in another version needs another decision. */
function versionDifferences({ actions }: LifecyclePlan, units: UnitRow[]): string[] {
  const present = new Map(units.map((unit) => [unit.address, unit]))
  const line = (address: string, was: number, is: number | null | undefined) =>
    is === undefined || is === was ? [] : [`unit ${address} was at version ${was}, is at ${is}`]
  return actions.flatMap((one) => {
    const unit = present.get(one.address)
    if (one.action === 'enact' || one.action === 'retire')
      return line(one.address, one.versionSeq, unit?.versionSeq)
    const before = one.action === 'revive' ? one.after : one.replaces
    return [
      ...line(one.address, before.versionSeq, unit?.versionSeq),
      ...line(`${one.address}, its draft,`, one.versionSeq, unit?.pendingSeq),
    ]
  })
}
