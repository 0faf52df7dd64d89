import { posix } from 'node:path'
import type { PlannedCommand } from '../../domain/planned-command.ts'
import type { Mode } from '../../domain/run.ts'
import { keepFolder } from '../deploy/keep-folder.ts'
import type { RemovedPath } from '../deploy/list-removable.ts'
import { type OutsideFolder, removeOutside } from '../deploy/outside-folders.ts'
import type { ReleasePointer } from '../deploy/paths.ts'
import type { DeployPlan } from '../deploy/plan.ts'
import { type SwitchPlace, switchBack, type WayBack, withdrawTarget } from '../deploy/switch-commands.ts'
import { discard, removeListed, stage } from '../deploy/write-commands.ts'

/**
 * The plan that SG2 approves: first pointer and program, at once; then the removal of the tree. The same host and run give the same digest.
 * What a running program writes is not in the plan, so that it is no drift.
 */
export interface RollbackPlan {
  type: 'cutter.plan.rollback/v1' | 'cutter.plan.rollback/v2'
  machineVersion: string
  mode: Mode
  /** The deploy to roll back, and the digest of its plan. */
  ofRun: string
  ofPlan: string
  commit: string
  host: DeployPlan['host']
  target: string
  staging: string
  /** Where the tree is: at the target, withdrawn already by an unfinished rollback, or not beyond the staging folder of an abandoned deploy. */
  found: 'in its place' | 'withdrawn' | 'in staging'
  /** The link to this release, and the release to which it returns. Null where no link leads to this release. */
  pointer: { path: string; now: string; back: string } | null
  /** How the program of that release is made live again. Null where the deploy activated nothing, or is not live. */
  back: WayBack | null
  /** The backup of the version that the deploy replaced, which comes back to the target. Left out where it replaced none. */
  restores?: string
  /** Whether the tree of the deploy stays, because only the pointer goes to another release. */
  stays: boolean
  /** Whether the folder of releases is removed too when it is left empty. */
  removesAbove: boolean
  files: number
  /** What the deploy made: the paths of its manifest, and what its build made. */
  removes: RemovedPath[]
  built: string[]
  /** Folders that the deploy made outside of its target, which are removed if they are empty. Left out where there is none. */
  outside?: OutsideFolder[]
  /** The folder to which everything else in the tree moves: changed files, and what came besides. */
  keep: string
  commands: PlannedCommand[]
  rollback: string
}

/** A deploy as found on its host. */
export type LocatedDeploy = Pick<
  RollbackPlan,
  | 'host'
  | 'found'
  | 'pointer'
  | 'back'
  | 'restores'
  | 'stays'
  | 'removesAbove'
  | 'removes'
  | 'built'
  | 'outside'
>

/** Makes the plan of a rollback. It is pure: the same arguments give the same plan. */
export function planRollback(
  given: LocatedDeploy &
    Pick<RollbackPlan, 'machineVersion' | 'mode' | 'ofRun' | 'ofPlan'> & {
      place: DeployPlan['place']
      commit: string
    },
): RollbackPlan {
  const { place, ...plain } = given
  const { target, staging } = place
  const where = { ...plain, target, staging, keep: keepFolder(place, plain.ofRun.slice(-8)) }
  return {
    type: 'cutter.plan.rollback/v2',
    ...where,
    files: plain.removes.filter(({ type }) => type === 'file').length,
    commands: listCommands(where),
    rollback: plain.stays
      ? 'another rollback to the release that is in force now'
      : 'none: what is removed is gone; another deploy of the same commit brings it again',
  }
}

/** The backup that comes back is one of the run's own entries. */
export const withBackup = (
  place: DeployPlan['place'],
  { restores }: Pick<RollbackPlan, 'restores'>,
): DeployPlan['place'] =>
  restores === undefined ? place : { ...place, ours: [...place.ours, posix.basename(restores)] }

/** Where the scripts of a rollback work. */
export const placeOfRollback = (
  plan: Pick<RollbackPlan, 'target' | 'pointer' | 'removesAbove' | 'restores'>,
): SwitchPlace => ({
  target: plan.target,
  pointer: reversePointer(plan),
  ...(plan.restores === undefined ? {} : { replaces: true }),
})

function listCommands(
  plan: Pick<
    RollbackPlan,
    | 'target'
    | 'staging'
    | 'ofRun'
    | 'back'
    | 'stays'
    | 'pointer'
    | 'removesAbove'
    | 'keep'
    | 'restores'
    | 'outside'
  >,
): PlannedCommand[] {
  const { staging, ofRun, back } = plan
  const place = placeOfRollback(plan)
  const planned = ({ id, argv }: PlannedCommand): PlannedCommand => ({ id, argv })
  const sends = (name: string) => ({ id: 'send', argv: ['put', name, `${staging}/${name}`] })
  return [
    planned(stage(staging, ofRun, plan.target)),
    planned(switchBack(staging, ofRun, place, back)),
    ...(plan.stays
      ? []
      : [
          planned(withdrawTarget(staging, ofRun, place)),
          sends('files'),
          sends('folders'),
          planned(removeListed(staging, ofRun, plan.keep)),
          ...(plan.outside === undefined ? [] : [planned(removeOutside(staging, ofRun, plan.outside))]),
        ]),
    planned(discard(staging, ofRun)),
  ]
}

/** The pointer as the scripts of a deploy need it: they turn it from this deploy's release to the earlier one. */
function reversePointer({
  pointer,
  removesAbove,
}: Pick<RollbackPlan, 'pointer' | 'removesAbove'>): ReleasePointer | null {
  if (pointer !== null)
    return { path: pointer.path, from: pointer.back, to: pointer.now, makesAbove: removesAbove }
  return removesAbove ? { path: '', from: '', to: '', makesAbove: true } : null
}
