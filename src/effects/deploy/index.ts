import { resolve } from 'node:path'
import type { Effect } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { parseChecks } from './checks-file.ts'
import type { DeployDeps } from './deps.ts'
import { assertAbsolutePath } from './paths.ts'
import { artifact } from './phases/artifact.ts'
import { blockedReport, closeout } from './phases/closeout.ts'
import { environment } from './phases/environment.ts'
import { integrity } from './phases/integrity.ts'
import { planLock, recheckDeploy } from './phases/plan-lock.ts'
import { postChecks, rehearse, runtimeSkeleton } from './phases/post-checks.ts'
import { preflight } from './phases/preflight.ts'
import { clearRehearsal, rehearseRollback } from './phases/rehearse-rollback.ts'
import { rollback } from './phases/rollback.ts'
import { source } from './phases/source.ts'
import { transferPromote } from './phases/transfer-promote.ts'

export type { DeployDeps } from './deps.ts'

/** The effects of a deploy, by the names that the machine invokes. */
export function deployEffects(world: DeployDeps): Record<string, Effect> {
  const effects = [
    environment(world),
    source(world),
    artifact(),
    preflight(world),
    rehearseRollback(world),
    clearRehearsal(world),
    planLock(),
    recheckDeploy(world),
    transferPromote(world),
    postChecks(world),
    rehearse(world),
    runtimeSkeleton(world),
    integrity(world),
    rollback(world),
    blockedReport(world),
    closeout(),
  ]
  return Object.fromEntries(effects.map((effect) => [effect.name, effect as unknown as Effect]))
}

/** Settles what a deploy is started with, or refuses it before there is a run. Whether source and host are there is for G0 and G1 to say. */
export async function admitDeploy(
  world: DeployDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const { source, path, previous, checks, strategy } = input as { [key: string]: string | undefined }
  if (strategy === 'replace') {
    throw new CutterError(
      'INPUT_REFUSED',
      'replacing in place is refused: what is overwritten can’t be taken back; the host was not touched',
      {
        next: '--strategy side-by-side, or --strategy release',
      },
    )
  }
  const file = checks === undefined ? undefined : resolve(checks)
  if (file !== undefined) parseChecks(await world.readChecks(file), file)
  const target = assertAbsolutePath(path!, '--path')
  const earlier = previous?.split(',').map((one) => assertAbsolutePath(one.trim(), '--previous'))
  const within = earlier?.find(
    (one) =>
      `${target}/`.startsWith(`${one}/`) || (one.startsWith(`${target}/`) && strategy === 'side-by-side'),
  )
  if (within !== undefined) {
    throw new CutterError(
      'INPUT_REFUSED',
      `--previous ${within} is where the deploy goes, so it could not stay as it is; the host was not touched`,
      { next: 'name the version that is there now' },
    )
  }
  return {
    ...input,
    source: resolve(source!),
    path: target,
    ...(earlier === undefined ? {} : { previous: earlier.join(',') }),
    ...(file === undefined ? {} : { checks: file }),
  }
}
