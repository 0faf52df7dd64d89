import type { Mode } from '../../domain/run.ts'
import type { ArtifactEntry } from '../deploy/artifact-entry.ts'
import type { ReleasePointer } from '../deploy/paths.ts'
import type { DeployPlan, PlannedCommand } from '../deploy/plan.ts'
import { restoreWithdrawn, switchBack, type WayBack, withdrawTarget } from '../deploy/switch-commands.ts'
import { discard, removeListed, stage } from '../deploy/write-commands.ts'

/** A path to remove. `cache`: an interpreter left it next to the files that it read. */
export type RemovedPath = Omit<ArtifactEntry, 'size'> & { cache?: true }

/** The plan that SG2 approves: the exact paths to remove, the pointer afterwards, and the commands. The same host and run give the same digest. */
export interface RollbackPlan {
  type: 'cutter.plan.rollback/v1'
  machineVersion: string
  mode: Mode
  /** The deploy to roll back, and the digest of its plan. */
  ofRun: string
  ofPlan: string
  commit: string
  host: DeployPlan['host']
  target: string
  staging: string
  /** Where the tree is: at the target, or withdrawn already by an unfinished rollback. */
  found: 'in its place' | 'withdrawn'
  /** The link to this release, and the earlier release to which it returns. Null where no link leads to this release. */
  pointer: { path: string; now: string; back: string } | null
  /** How the program of the earlier release is made live again. Null where the deploy activated nothing, or is not live. */
  back: WayBack | null
  /** Whether the folder of releases is removed too when it is left empty. */
  removesAbove: boolean
  files: number
  removes: RemovedPath[]
  commands: PlannedCommand[]
  /** Sent instead of the removal when the withdrawn tree differs from the list. */
  putsBack: PlannedCommand
  rollback: string
}

/** A deploy as found on its host. */
export type LocatedDeploy = Pick<
  RollbackPlan,
  'host' | 'found' | 'pointer' | 'back' | 'removesAbove' | 'removes'
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
  const where = { ...plain, target, staging }
  const planned = ({ id, argv }: PlannedCommand): PlannedCommand => ({ id, argv })
  const sends = (name: string) => ({ id: 'send', argv: ['sftp', 'put', name, `${staging}/${name}`] })
  return {
    type: 'cutter.plan.rollback/v1',
    ...where,
    files: plain.removes.filter(({ type }) => type === 'file').length,
    commands: [
      planned(stage(staging, plain.ofRun, plain.back !== null)),
      planned(switchBack(staging, plain.ofRun, { target, pointer: reversePointer(where) }, plain.back)),
      planned(withdrawTarget(staging, plain.ofRun, { target, pointer: reversePointer(where) })),
      sends('files'),
      sends('folders'),
      planned(removeListed(staging, plain.ofRun)),
      planned(discard(staging, plain.ofRun)),
    ],
    putsBack: planned(restoreWithdrawn(staging, plain.ofRun, { target, pointer: reversePointer(where) })),
    rollback: 'none: what is removed is gone; another deploy of the same commit brings it again',
  }
}

/** The pointer as the scripts of a deploy need it: they turn it from this deploy's release to the earlier one. */
export function reversePointer({
  pointer,
  removesAbove,
}: Pick<RollbackPlan, 'pointer' | 'removesAbove'>): ReleasePointer | null {
  if (pointer !== null)
    return { path: pointer.path, from: pointer.back, to: pointer.now, makesAbove: removesAbove }
  return removesAbove ? { path: '', from: '', to: '', makesAbove: true } : null
}
