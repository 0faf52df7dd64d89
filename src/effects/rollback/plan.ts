import type { Mode } from '../../domain/run.ts'
import type { ReleasePointer } from '../deploy/paths.ts'
import type { DeployPlan, PlannedCommand } from '../deploy/plan.ts'
import type { ArtifactEntry } from '../deploy/scan-artifact.ts'
import { discard, removeListed, restoreWithdrawn, stage, withdrawTarget } from '../deploy/write-commands.ts'

/** A path that goes; a cache is what an interpreter left beside the files that it read. */
export type RemovedPath = Omit<ArtifactEntry, 'size'> & { cache?: true }

/** What SG2 approves: exactly what goes, where the pointer leads then, the commands. The same host and run give the same digest. */
export interface RollbackPlan {
  type: 'cutter.plan.rollback/v1'
  machineVersion: string
  mode: Mode
  /** The deploy whose work is taken back, and the plan under which it was done. */
  ofRun: string
  ofPlan: string
  commit: string
  host: DeployPlan['host']
  target: string
  staging: string
  /** Where the tree lies: at the target, or withdrawn already by a rollback that was not brought to its end. */
  found: 'in its place' | 'withdrawn'
  /** What leads to this release, and to what it goes back; null where nothing does. */
  pointer: { path: string; now: string; back: string } | null
  /** Whether the folder of releases goes too, when it is left empty. */
  removesAbove: boolean
  files: number
  removes: RemovedPath[]
  commands: PlannedCommand[]
  /** Sent instead of the removal when what was withdrawn turns out to be otherwise. */
  putsBack: PlannedCommand
  rollback: string
}

export type LocatedDeploy = Pick<RollbackPlan, 'host' | 'found' | 'pointer' | 'removesAbove' | 'removes'>

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
      planned(stage(staging, plain.ofRun)),
      planned(withdrawTarget(staging, plain.ofRun, target, reversePointer(where))),
      sends('files'),
      sends('folders'),
      planned(removeListed(staging, plain.ofRun)),
      planned(discard(staging, plain.ofRun)),
    ],
    putsBack: planned(restoreWithdrawn(staging, plain.ofRun, target, reversePointer(where))),
    rollback: 'none: what is removed is gone; another deploy of the same commit brings it again',
  }
}

/** The pointer as the scripts of a deploy take it: they lead it from where this deploy had turned it to where it was before. */
export function reversePointer({
  pointer,
  removesAbove,
}: Pick<RollbackPlan, 'pointer' | 'removesAbove'>): ReleasePointer | null {
  if (pointer !== null)
    return { path: pointer.path, from: pointer.back, to: pointer.now, makesAbove: removesAbove }
  return removesAbove ? { path: '', from: '', to: '', makesAbove: true } : null
}
