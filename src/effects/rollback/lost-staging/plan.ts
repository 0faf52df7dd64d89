import { posix } from 'node:path'
import { z } from 'zod'
import { CutterError } from '../../../domain/errors.ts'
import type { PlannedCommand } from '../../../domain/planned-command.ts'
import type { Mode } from '../../../domain/run.ts'
import { assertAbsolutePath } from '../../deploy/paths.ts'
import { discard, stage } from '../../deploy/write-commands.ts'
import type { RollbackPlan } from '../plan.ts'
import { keepWithdrawn } from './commands.ts'

/** The part of a rollback's input that names a staging folder whose run this home does not know. */
export const lostStagingInput = z.object({ run: z.string(), host: z.string(), staging: z.string() })

export type LostStagingInput = z.infer<typeof lostStagingInput>

/**
 * The plan that SG2 approves for the staging folder of a lost home. Only the folder is known, and the run that it names: what that run has put
 * elsewhere stays.
 */
export interface LostStagingPlan {
  type: 'cutter.plan.rollback-staging/v1'
  machineVersion: string
  mode: Mode
  ofRun: string
  host: RollbackPlan['host']
  staging: string
  /** The folder's own entries, as its listing shows them. A run that still works there changes them, which is drift. */
  holds: string[]
  /** The folder to which a withdrawn release moves, because people may have left something in it. Null where there is none. */
  keep: string | null
  what: string
  stays: string
  risk: string
  commands: PlannedCommand[]
  rollback: string
}

/** Makes the plan. It is pure: the same arguments give the same plan. */
export function planLostStaging(
  given: Pick<LostStagingPlan, 'machineVersion' | 'mode' | 'ofRun' | 'host' | 'staging' | 'holds'>,
  isWithdrawn: boolean,
): LostStagingPlan {
  const { staging, ofRun } = given
  const keep = isWithdrawn ? `${posix.dirname(staging)}/withdrawn-${ofRun.slice(-8)}` : null
  const planned = ({ id, argv }: PlannedCommand): PlannedCommand => ({ id, argv })
  return {
    type: 'cutter.plan.rollback-staging/v1',
    ...given,
    keep,
    what: `removes the staging folder of run ${ofRun}, which this home does not know`,
    stays: 'releases, links and programs that the run has put elsewhere stay as they are',
    risk: 'if another home still works on the run, its next command on the host does nothing, and the run stops there',
    commands: [
      planned(stage(staging, ofRun)),
      ...(keep === null ? [] : [planned(keepWithdrawn(staging, ofRun, keep))]),
      planned(discard(staging, ofRun)),
    ],
    rollback: 'none: what is removed is gone',
  }
}

const STAGING_NAME = /^\.cutter-[0-9a-f]{16}$/
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/

/**
 * Whether a rollback's input names a staging folder.
 * @throws INPUT_REFUSED when it names half of one, another folder, or a release as well.
 */
export function namesLostStaging(input: {
  run?: unknown
  to?: unknown
  host?: unknown
  staging?: unknown
}): boolean {
  const { run, to, host, staging } = input
  if (host === undefined && staging === undefined) return false
  const refused = (why: string) =>
    new CutterError('INPUT_REFUSED', `${why}; nothing was touched`, {
      next: 'cutter run rollback <the run that the folder names> --host web --staging /srv/.cutter-0123456789abcdef',
    })
  if (typeof host !== 'string' || typeof staging !== 'string')
    throw refused('a staging folder is named by host and staging together')
  if (to !== undefined)
    throw refused('to belongs to a deploy that this home knows, and not to a staging folder')
  if (assertAbsolutePath(staging, '--staging') !== staging || !STAGING_NAME.test(posix.basename(staging)))
    throw refused(`${JSON.stringify(staging)} is no staging folder of a deploy`)
  if (typeof run !== 'string' || !RUN_ID.test(run)) throw refused(`${JSON.stringify(run)} is no id of a run`)
  return true
}
